import { type ChildProcess, fork } from 'node:child_process';

/** How long after a process was taken the next one is made ready: what was started then needs the processor first, milliseconds. */
const STANDBY_AFTER_MS = 1000;

/**
 * Processes for gateways. One more than is needed stands by: it has loaded its code and waits to be told what to serve, so that
 * the place of a dead one is taken in milliseconds.
 */
export class GatewayProcesses {
  readonly #script: string;
  #standby: ChildProcess | undefined;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  /** @param script the bundled entry of a gateway's process */
  constructor(script: string) {
    this.#script = script;
  }

  /** The one that stands by, or a new one. */
  take(): ChildProcess {
    const taken = this.#standby ?? this.#fork();
    this.#standby = undefined;
    this.#standBy();
    return taken;
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    const standby = this.#standby;
    this.#standby = undefined;
    standby?.kill('SIGKILL');
  }

  #standBy(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      if (this.#closed || this.#standby) return;
      const child = this.#fork();
      this.#standby = child;
      // Killed while it stood by: another one will.
      const ended = () => {
        if (this.#standby !== child) return;
        this.#standby = undefined;
        this.#standBy();
      };
      child.once('exit', ended).once('error', ended);
    }, STANDBY_AFTER_MS);
    this.#timer.unref();
  }

  #fork(): ChildProcess {
    return fork(this.#script, [], {
      execArgv: [],
      serialization: 'advanced',
      // Its standard output is the engine's standard error: the former may be a machine's to read.
      stdio: ['ignore', 2, 2, 'ipc'],
    });
  }
}
