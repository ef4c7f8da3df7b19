import { randomUUID } from 'node:crypto';
import type { ScheduleModel } from '../assembly/model.ts';
import { reasonOf } from '../errors.ts';
import type { LambdaService } from '../lambda/service.ts';
import { type IsDue, MINUTE_MS, parseSchedule } from './expression.ts';

export interface SchedulesOptions {
  readonly schedules: readonly ScheduleModel[];
  readonly region: string;
  readonly account: string;
  readonly lambda: LambdaService;
  readonly log: (text: string) => void;
  /** How long a minute of the schedules lasts, milliseconds; tests shorten it, and time runs faster then. */
  readonly minuteMs?: number;
}

interface Entry {
  readonly model: ScheduleModel;
  readonly isDue: IsDue;
}

/** Invokes what the schedules of a stack name, at the turn of the minute in which they are due. */
export class Schedules {
  readonly #options: SchedulesOptions;
  readonly #entries: readonly Entry[];
  /** The minute in which they began to be. */
  readonly #since = Math.floor(Date.now() / MINUTE_MS) * MINUTE_MS;
  #minute = this.#since;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: SchedulesOptions) {
    this.#options = options;
    this.#entries = options.schedules
      .filter(({ enabled }) => enabled)
      .map((model) => ({ model, isDue: parseSchedule(model.expression, model.timeZone) }));
  }

  start(): void {
    if (this.#entries.length === 0) return;
    for (const { model } of this.#entries) if (model.startsAtOnce) this.#invoke(model);
    this.#wait();
  }

  close(): void {
    clearTimeout(this.#timer);
  }

  /** A minute that went by while the machine slept is not made up for. */
  #wait(): void {
    const { minuteMs = MINUTE_MS } = this.#options;
    const isReal = minuteMs === MINUTE_MS;
    const now = isReal ? Math.floor(Date.now() / MINUTE_MS) * MINUTE_MS : this.#minute;
    const next = Math.max(now, this.#minute) + MINUTE_MS;
    this.#timer = setTimeout(
      () => {
        this.#minute = next;
        for (const { model, isDue } of this.#entries) if (isDue(next, this.#since)) this.#invoke(model);
        this.#wait();
      },
      isReal ? next - Date.now() : minuteMs,
    );
  }

  #invoke(model: ScheduleModel): void {
    const { lambda, log } = this.#options;
    for (const { functionArn, input } of model.targets) {
      const event = input === undefined ? this.#event(model) : this.#filled(input, model);
      lambda
        .invoke(functionArn, event, 'Event')
        .catch((error: unknown) => log(`unable to run the schedule ${model.name}; ${reasonOf(error)}`));
    }
  }

  /** https://docs.aws.amazon.com/eventbridge/latest/ref/events-ref-aws-events-scheduled-event.html */
  #event({ arn, source }: ScheduleModel) {
    const { region, account } = this.#options;
    return {
      version: '0',
      id: randomUUID(),
      'detail-type': 'Scheduled Event',
      source,
      account,
      time: this.#time(),
      region,
      resources: [arn],
      // EventBridge Scheduler sends text, EventBridge an object.
      detail: source === 'aws.scheduler' ? '{}' : {},
    };
  }

  /** https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-schedule-context-attributes.html */
  #filled(input: string, { arn, source }: ScheduleModel): unknown {
    if (source !== 'aws.scheduler') return JSON.parse(input);
    const values: Readonly<Record<string, string>> = {
      'schedule-arn': arn,
      'scheduled-time': this.#time(),
      'execution-id': randomUUID(),
      'attempt-number': '1',
    };
    const filled = input.replace(
      /<aws\.scheduler\.([a-z-]+)>/g,
      (whole, name: string) => values[name] ?? whole,
    );
    return JSON.parse(filled);
  }

  #time(): string {
    return new Date(this.#minute).toISOString().replace('.000Z', 'Z');
  }
}
