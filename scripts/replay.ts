/** `npm run replay`: a real conversation through the running service, and the check that everyone saw what was said. */
import { readFile, writeFile } from 'node:fs/promises';
import { CommandError, printFailure } from './command-error.ts';
import { parseConversation } from './replay/conversation.ts';
import { parseOptions, type ReplayOptions, USAGE } from './replay/options.ts';
import { nameEveryone } from './replay/people.ts';
import { type Played, play } from './replay/play.ts';
import { Progress } from './replay/progress.ts';
import { type Verdict, verify } from './replay/verify.ts';

async function replay(options: ReplayOptions): Promise<boolean> {
  const conversation = parseConversation(await read(options.file));
  const days = conversation.filter(({ day }) => options.day === undefined || day === options.day);
  if (days.length === 0) {
    const names = conversation.map(({ day }) => day).join(', ');
    throw new CommandError(
      'replay',
      `there is no day ${options.day}`,
      `The days of the record are ${names}.`,
    );
  }
  const nicks = days.flatMap(({ lines }) => lines.map(({ line }) => line.nick));
  const people = nameEveryone(nicks, options.prefix);
  const played = await play({ ...options, days, people }, new Progress());
  const verdict = verify(
    played.said,
    played.log,
    played.observers.map(({ user, heard }) => ({ observer: user, heard })),
  );
  console.log(summary(options.room, people.size, played, verdict));
  if (options.report !== undefined) {
    await writeFile(options.report, report(options.room, people, played, verdict));
  }
  return verdict.differences.length === 0;
}

async function read(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new CommandError('replay', reason, 'Give a file of JSON lines; test/fixtures/irc has a day.', {
      cause: error,
    });
  }
}

function summary(room: string, people: number, played: Played, verdict: Verdict): string {
  const { said, log, observers, troubles, seconds, mostConnected } = played;
  const heard = observers.reduce((sum, observer) => sum + observer.heard.length, 0);
  return [
    `room ${room}: ${people} people said ${said.length} messages in ${seconds.toFixed(1)} s, ` +
      `${(said.length / seconds).toFixed(0)}/s; at most ${mostConnected} connected`,
    `history has ${log.length}; ${observers.length} observers heard ${heard}, ${verdict.repeats} of them again`,
    `on the way: ${troubles.rateLimited} times rate limited, ${troubles.unavailable} unavailable, ` +
      `${troubles.reconnects} reconnects`,
    ...(verdict.differences.length === 0
      ? ['What was said is what everyone saw: count, order and text.']
      : ['What was said is NOT what everyone saw:', ...verdict.differences]),
  ].join('\n');
}

function report(
  room: string,
  people: ReadonlyMap<string, string>,
  { said, log, observers, troubles, seconds, mostConnected }: Played,
  { differences, repeats }: Verdict,
): string {
  const figures = {
    room,
    said: said.length,
    history: log.length,
    observers: observers.map(({ user, heard }) => ({ user, heard: heard.length })),
    seconds,
    mostConnected,
    troubles,
    repeats,
    differences,
    /** User id by nick: the way back from the room to the record. */
    people: Object.fromEntries(people),
  };
  return `${JSON.stringify(figures, null, 2)}\n`;
}

try {
  const options = parseOptions(process.argv.slice(2), Date.now());
  if (options === 'help') console.log(USAGE);
  else process.exitCode = (await replay(options)) ? 0 : 1;
} catch (error) {
  printFailure(error);
  process.exitCode = 1;
}
