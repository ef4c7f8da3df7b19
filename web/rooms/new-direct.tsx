import { useState } from 'react';
import { useParley } from '../app/parley-context.ts';
import { go } from '../app/use-route.ts';
import { useChat } from '../chat/chat-context.ts';
import { Avatar } from '../ui/avatar.tsx';
import { Dialog } from '../ui/dialog.tsx';
import { Field } from '../ui/field.tsx';
import { sayError } from '../ui/toasts.tsx';
import { PageList } from './page-list.tsx';
import css from './rooms.module.css';
import { usePages } from './use-pages.ts';

/** People, with who of them is online: choosing one opens the direct room with them. */
export function NewDirect({ onClose }: { readonly onClose: () => void }) {
  const parley = useParley();
  const { me } = useChat();
  const [prefix, setPrefix] = useState('');
  const pages = usePages(prefix, (cursor) =>
    parley.users({
      ...(prefix && { prefix: prefix.trim().toLowerCase() }),
      ...(cursor !== undefined && { cursor }),
    }),
  );
  const others = { ...pages, items: pages.items.filter(({ user }) => user !== me) };
  const open = async (user: string) => {
    try {
      const room = await parley.openDirect(user);
      onClose();
      go({ room: room.id });
    } catch (error) {
      sayError(error);
    }
  };
  return (
    <Dialog title="Message someone" onClose={onClose}>
      <Field
        label="Username begins with"
        type="search"
        autoCapitalize="none"
        value={prefix}
        autoFocus
        onChange={(event) => setPrefix(event.target.value)}
      />
      <PageList label="People" pages={others} none="Nobody is called that.">
        {({ user, displayName, online }) => (
          <li key={user}>
            <button type="button" className={css.row} onClick={() => open(user)}>
              <Avatar user={user} name={displayName} online={online} />
              <span className={css.words}>
                <span className={css.name}>{displayName}</span>
                <span className={css.about}>
                  @{user}
                  {online && ' · online'}
                </span>
              </span>
            </button>
          </li>
        )}
      </PageList>
    </Dialog>
  );
}
