/**
 * The clock of an execution environment, which a fault plan may set ahead or back: `Date` in all its forms. Timers and
 * `performance.now()` go on as they are, as monotonic clocks do when a machine's time is corrected.
 */
const RealDate = Date;
const realNow = Date.now;
let offsetMs = 0;

const now = (): number => realNow() + offsetMs;

/** Before a function's code is loaded, as it may keep `Date` or `Date.now` for itself. */
export function installClock(): void {
  RealDate.now = now;
  globalThis.Date = new Proxy(RealDate, {
    construct: (target, values, newTarget) =>
      Reflect.construct(target, values.length === 0 ? [now()] : values, newTarget),
    apply: () => new RealDate(now()).toString(),
  });
}

/** @param ahead milliseconds; negative sets it back */
export function setClock(ahead: number): void {
  offsetMs = ahead;
}
