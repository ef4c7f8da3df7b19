/** Types of the modules of undici that are loaded by path: what each exports is a part of what `undici` exports. */
declare module 'undici/lib/dispatcher/agent.js' {
  import { Agent } from 'undici';

  export default Agent;
}
declare module 'undici/lib/core/errors.js' {
  import { errors } from 'undici';

  export default errors;
}
