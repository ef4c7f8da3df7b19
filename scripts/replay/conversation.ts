import { z } from 'zod';

/** A line of the recorded conversation; `at` is HH:MM and only messages have it. */
const RecordedLine = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('message'),
    day: z.string(),
    line: z.number().int(),
    nick: z.string().min(1),
    at: z.string().regex(/^\d\d:\d\d$/),
    text: z.string().min(1),
  }),
  z.object({ kind: z.literal('join'), day: z.string(), line: z.number().int(), nick: z.string().min(1) }),
  z.object({ kind: z.literal('leave'), day: z.string(), line: z.number().int(), nick: z.string().min(1) }),
]);
export type RecordedLine = z.infer<typeof RecordedLine>;

/** One day of the conversation. */
export interface Day {
  readonly day: string;
  readonly lines: readonly TimedLine[];
}

/** A line with the moment when it is due, ms after the day's first line. */
export interface TimedLine {
  readonly line: RecordedLine;
  readonly due: number;
}

/**
 * Reads JSON lines.
 * @throws Error `unable to read the conversation; …` naming the line of the file
 */
export function parseConversation(text: string): Day[] {
  const days: { day: string; lines: RecordedLine[] }[] = [];
  text.split('\n').forEach((raw, index) => {
    if (raw.trim() === '') return;
    const line = parseLine(raw, index + 1);
    const last = days.at(-1);
    if (last?.day === line.day) last.lines.push(line);
    else days.push({ day: line.day, lines: [line] });
  });
  if (days.length === 0) throw new Error('unable to read the conversation; there is no line in it');
  return days.map(({ day, lines }) => ({ day, lines: withTimes(lines) }));
}

function parseLine(raw: string, number: number): RecordedLine {
  let value: unknown;
  try {
    value = JSON.parse(raw);
  } catch {
    throw new Error(`unable to read the conversation; line ${number} is not JSON`);
  }
  const parsed = RecordedLine.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new Error(
    `unable to read the conversation; line ${number}: ${issue?.path.join('.')}: ${issue?.message}`,
  );
}

const MINUTE = 60_000;
const HALF_DAY = 12 * 60 * MINUTE;

/**
 * Gives each line its moment. The record has minutes only: the lines of one minute are spread evenly over it; joins and
 * leaves, which have no time, happen in the minute of the message before them. Where the clock steps back, it went
 * over midnight, or over noon in the logs of a twelve-hour clock.
 */
function withTimes(lines: readonly RecordedLine[]): TimedLine[] {
  const first = lines.find((line) => line.kind === 'message');
  const start = first === undefined ? 0 : clock(first.at);
  let now = start;
  const minutes = lines.map((line) => {
    if (line.kind === 'message') {
      let at = clock(line.at);
      while (at < now) at += HALF_DAY;
      now = at;
    }
    return now - start;
  });
  const perMinute = new Map<number, number>();
  for (const minute of minutes) perMinute.set(minute, (perMinute.get(minute) ?? 0) + 1);
  const placed = new Map<number, number>();
  return lines.map((line, index) => {
    const minute = minutes[index] ?? 0;
    const place = placed.get(minute) ?? 0;
    placed.set(minute, place + 1);
    return { line, due: minute + (place * MINUTE) / (perMinute.get(minute) ?? 1) };
  });
}

function clock(at: string): number {
  const [hours = 0, minutes = 0] = at.split(':').map(Number);
  return (hours * 60 + minutes) * MINUTE;
}
