import { type FormEvent, useState } from 'react';
import { useParley, useSurroundings } from '../app/parley-context.ts';
import { useObservable } from '../app/use-observable.ts';
import { Button } from '../ui/button.tsx';
import { Field } from '../ui/field.tsx';
import { ErrorText } from '../ui/state.tsx';
import { textOf } from '../ui/text-of.ts';
import { Brand } from './brand.tsx';
import css from './sign-in.module.css';

type Mode = 'login' | 'register';

const WORDS = {
  login: {
    title: 'Welcome back',
    lead: 'Log in to go on where you left off.',
    action: 'Log in',
    other: 'New here?',
    otherAction: 'Create an account',
  },
  register: {
    title: 'Create your account',
    lead: 'A name and a password are all it takes.',
    action: 'Create account',
    other: 'Have an account?',
    otherAction: 'Log in',
  },
} as const;

/** Where people who are not logged in log in, or make an account. */
export function SignIn() {
  const { demo } = useSurroundings().config;
  const [mode, setMode] = useState<Mode>('login');
  const words = WORDS[mode];
  return (
    <main className={css.page}>
      <div className={css.card}>
        <Brand />
        <div>
          <h1 className={css.title}>{words.title}</h1>
          <p className={css.lead}>{words.lead}</p>
        </div>
        <WhyHere />
        <Form key={mode} mode={mode} action={words.action} />
        <p className={css.other}>
          {words.other}{' '}
          <button type="button" onClick={() => setMode(mode === 'login' ? 'register' : 'login')}>
            {words.otherAction}
          </button>
        </p>
        {demo && demo.users.length > 0 && <Demo users={demo.users} password={demo.password} />}
      </div>
    </main>
  );
}

/** Why somebody who was logged in is not any more. */
function WhyHere() {
  const state = useObservable(useParley().state);
  const reasons: Readonly<Record<string, string>> = {
    session_revoked: 'Your session has ended. What you wrote is kept: log in again to send it.',
    removed: 'This account was deleted.',
  };
  const reason = state.status === 'closed' ? reasons[state.reason] : undefined;
  return reason ? (
    <p className={css.notice} role="status">
      {reason}
    </p>
  ) : null;
}

function Form({ mode, action }: { readonly mode: Mode; readonly action: string }) {
  const parley = useParley();
  const [state, setState] = useState<{ readonly busy?: boolean; readonly error?: string }>({});
  const submit = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const given = new FormData(event.currentTarget);
    const text = (name: string) => String(given.get(name) ?? '');
    const credentials = { username: text('username').trim().toLowerCase(), password: text('password') };
    const displayName = text('displayName').trim();
    setState({ busy: true });
    try {
      if (mode === 'login') await parley.login(credentials);
      else await parley.register({ ...credentials, ...(displayName && { displayName }) });
    } catch (error) {
      setState({ error: textOf(error) });
    }
  };
  return (
    <form className={css.form} onSubmit={submit}>
      <Field
        label="Username"
        name="username"
        autoComplete="username"
        autoCapitalize="none"
        spellCheck={false}
        required
        autoFocus
        {...(mode === 'register' && {
          hint: 'Letters a to z, digits, dots, dashes: it stays yours for good.',
          minLength: 3,
          maxLength: 32,
        })}
      />
      {mode === 'register' && (
        <Field
          label="Display name"
          name="displayName"
          autoComplete="name"
          maxLength={64}
          hint="What others see. You can change it."
        />
      )}
      <Field
        label="Password"
        name="password"
        type="password"
        autoComplete={mode === 'login' ? 'current-password' : 'new-password'}
        required
        {...(mode === 'register' && { hint: 'At least 8 characters.', minLength: 8 })}
      />
      <ErrorText>{state.error}</ErrorText>
      <Button type="submit" look="primary" wide busy={state.busy}>
        {action}
      </Button>
    </form>
  );
}

function Demo({ users, password }: { readonly users: readonly string[]; readonly password: string }) {
  const parley = useParley();
  const [state, setState] = useState<{ readonly busy?: string; readonly error?: string }>({});
  const enter = async (username: string) => {
    setState({ busy: username });
    try {
      await parley.login({ username, password });
    } catch (error) {
      setState({ error: textOf(error) });
    }
  };
  return (
    <section className={css.demo} aria-label="Demo accounts">
      <p>This is a development start. Come in as one of its demo accounts:</p>
      <div className={css.demoUsers}>
        {users.map((user) => (
          <Button key={user} busy={state.busy === user} onClick={() => enter(user)}>
            Continue as {user}
          </Button>
        ))}
      </div>
      <ErrorText>{state.error}</ErrorText>
    </section>
  );
}
