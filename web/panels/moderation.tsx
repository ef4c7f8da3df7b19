import type { Report, Room } from '../../client/index.ts';
import { go } from '../app/use-route.ts';
import { Name } from '../people/person.tsx';
import { PageList } from '../rooms/page-list.tsx';
import { usePages } from '../rooms/use-pages.ts';
import { Button } from '../ui/button.tsx';
import { attempt, say } from '../ui/toasts.tsx';
import { MessageCard } from './message-card.tsx';
import css from './panel.module.css';

/** What was reported, and who is banned: for a room's admins. */
export function Moderation({ room }: { readonly room: Room }) {
  const reports = usePages('', (cursor) => room.reports(cursor === undefined ? {} : { cursor }));
  const bans = usePages('', (cursor) => room.bans(cursor === undefined ? {} : { cursor }));
  const lift = (user: string) =>
    attempt(async () => {
      await room.unban(user);
      say(`${user} may come back.`);
      bans.reload();
    });
  return (
    <>
      <section className={css.section}>
        <h3 className={css.sectionTitle}>Reported messages</h3>
        <PageList label="Reported messages" pages={reports} none="Nothing was reported.">
          {(report) => (
            <li key={`${report.seq} ${report.user}`}>
              <Reported report={report} room={room} />
            </li>
          )}
        </PageList>
      </section>
      <section className={css.section}>
        <h3 className={css.sectionTitle}>Banned people</h3>
        <PageList label="Banned people" pages={bans} none="Nobody is banned.">
          {({ user }) => (
            <li key={user} className={css.person}>
              <span className={css.personName}>
                <Name user={user} />
              </span>
              <Button onClick={() => lift(user)}>Lift the ban</Button>
            </li>
          )}
        </PageList>
      </section>
    </>
  );
}

function Reported({ report, room }: { readonly report: Report; readonly room: Room }) {
  const { message, reason, user, seq } = report;
  const why = (
    <>
      <Name user={user} />: {reason}
    </>
  );
  if (!message) return <p className={css.soft}>{why}</p>;
  return (
    <MessageCard
      message={message}
      where={why}
      onOpen={() => go({ room: room.id, at: seq, panel: 'settings' })}
    />
  );
}
