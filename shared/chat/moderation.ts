/** The hook before an append: a function of the operator's that may pass, change or refuse a message. */
import type { RoomId, UserId } from '../protocol/ids.ts';

/** A message that is about to be committed: its author may write it. */
export interface Draft {
  readonly room: RoomId;
  readonly user: UserId;
  readonly text: string;
}

export type Verdict =
  | { readonly decision: 'pass' }
  | { readonly decision: 'change'; readonly text: string }
  /** The reason is told to the author. */
  | { readonly decision: 'refuse'; readonly reason: string };

/** @returns undefined where no verdict came in time, and what is not judged is not let through. */
export type Moderate = (draft: Draft) => Promise<Verdict | undefined>;
