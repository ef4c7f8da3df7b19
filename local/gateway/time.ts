/** Times in the form of API Gateway's events. */

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const two = (value: number): string => (value < 10 ? `0${value}` : String(value));

/** CLF time as in `requestTime`: `02/Apr/2020:02:42:33 +0000`. */
export function requestTime(epochMs: number): string {
  const at = new Date(epochMs);
  const day = `${two(at.getUTCDate())}/${MONTHS[at.getUTCMonth()]}/${at.getUTCFullYear()}`;
  return `${day}:${two(at.getUTCHours())}:${two(at.getUTCMinutes())}:${two(at.getUTCSeconds())} +0000`;
}
