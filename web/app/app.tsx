import { lazy, Suspense, useEffect, useState } from 'react';
import { SignIn } from '../session/sign-in.tsx';
import { Toasts } from '../ui/toasts.tsx';
import { useParley } from './parley-context.ts';
import { Splash } from './splash.tsx';
import { useObservable } from './use-observable.ts';

/** What only somebody who is logged in needs comes meanwhile. */
const loadChat = () => import('../chat/chat.tsx');
const Chat = lazy(async () => ({ default: (await loadChat()).Chat }));

/** Either the way in, or the rooms. */
export function App() {
  const parley = useParley();
  const session = useObservable(parley.session);
  const isReady = useReady(parley.ready);
  useEffect(() => {
    void loadChat();
  }, []);
  return (
    <>
      <Suspense fallback={<Splash />}>
        {session ? <Chat key={session.user.user} user={session.user} /> : isReady ? <SignIn /> : <Splash />}
      </Suspense>
      <Toasts />
    </>
  );
}

function useReady(ready: Promise<void>): boolean {
  const [isReady, setIsReady] = useState(false);
  useEffect(() => {
    ready.then(
      () => setIsReady(true),
      () => setIsReady(true),
    );
  }, [ready]);
  return isReady;
}
