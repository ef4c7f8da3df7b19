/** The client of Parley: `connect`, and the types of what it gives. */
export type * from '../shared/protocol/events.ts';
export type { RoomId, UserId } from '../shared/protocol/ids.ts';
export type { Member, Person, Report } from '../shared/protocol/rest.ts';
export type * from './api.ts';
export { connect } from './connect.ts';
export type { Listenable } from './emitter.ts';
export { ParleyError } from './error.ts';
export type { ConnectOptions, Timing } from './options.ts';
export type * from './platform.ts';
export { type Observable, until } from './store.ts';
export type * from './types.ts';
