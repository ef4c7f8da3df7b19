/** The identifiers and limits of the protocol. Branded: a `RoomId` is only ever made by its parser. */
import * as z from 'zod/mini';

/** Characters (Unicode code points) of a message's text, at most. protocol.md, `sendMessage`. */
export const MAX_TEXT_CHARACTERS = 4_000;
/** Bytes of a command, and of one WebSocket frame: API Gateway closes a larger frame with 1009. */
export const MAX_COMMAND_BYTES = 32 * 1024;
/** Bytes of one `events` frame: the unit that API Gateway meters. */
export const MAX_FRAME_BYTES = 32 * 1024;
/** Bytes of a `sync` reply, shared fairly among its rooms. */
export const MAX_SYNC_BYTES = 96 * 1024;
/** Rooms that one `sync` may name; a user of more rooms names them in several commands. */
export const MAX_SYNC_ROOMS = 1_000;
/** People online in a room that are named; where there are more, only their number is told as they come and go. */
export const MAX_ONLINE_NAMES = 100;
/** Attachments of one message, at most. */
export const MAX_ATTACHMENTS = 10;
/** Messages of one `history` page: the most, and how many without `limit`. */
export const MAX_HISTORY_LIMIT = 100;
export const DEFAULT_HISTORY_LIMIT = 50;

const wellFormed = z.refine<string>((text) => text.isWellFormed(), 'must not hold a lone surrogate');

/** Text of `least` to `most` characters (code points), well-formed Unicode, otherwise exactly as sent. */
export function characters(least: number, most: number) {
  const text = z.string().check(
    wellFormed,
    z.refine(
      (text: string) => {
        // A code point is one or two UTF-16 units: only a text between the two bounds has to be counted.
        if (text.length < least || text.length > 2 * most) return false;
        const count = text.length <= most ? text.length : [...text].length;
        return count <= most;
      },
      `must hold ${least} to ${most.toLocaleString('en')} characters`,
    ),
  );
  // JSON Schema counts characters as we do: the generated documents take the bounds from here.
  return text.register(z.globalRegistry, { minLength: least, maxLength: most });
}

/** A room: chosen by who creates it; `dm-…` for the direct room of two. */
export const RoomId = z
  .string()
  .check(z.regex(/^[a-z0-9][a-z0-9-]{0,63}$/, 'must match [a-z0-9][a-z0-9-]{0,63}'))
  .brand<'RoomId'>();
export type RoomId = z.infer<typeof RoomId>;

/** A user: the username, fixed for life. */
export const UserId = z
  .string()
  .check(z.regex(/^[a-z0-9][a-z0-9_.-]{2,31}$/, 'must match [a-z0-9][a-z0-9_.-]{2,31}'))
  .brand<'UserId'>();
export type UserId = z.infer<typeof UserId>;

/** The client's own id of a command: 1 to 64 visible ASCII characters. */
export const ClientId = z
  .string()
  .check(z.regex(/^[\x21-\x7e]{1,64}$/, 'must hold 1 to 64 visible ASCII characters'))
  .brand<'ClientId'>();
export type ClientId = z.infer<typeof ClientId>;

/** An uploaded file. */
export const FileId = z
  .string()
  .check(z.regex(/^[a-z0-9]{26}$/, 'must be the id of a file'))
  .brand<'FileId'>();
export type FileId = z.infer<typeof FileId>;

/** The largest sequence number: twelve digits, as in the key of an event. */
export const MAX_SEQ = 999_999_999_999;

/** The number of an event in its room, from 1. */
export const Seq = z.int('must be a whole number').check(z.gte(1), z.lte(MAX_SEQ));
/** A last-seen number: as `Seq`, or 0 for nothing yet. */
export const SeenSeq = z.int('must be a whole number').check(z.gte(0), z.lte(MAX_SEQ));

/** ISO 8601 in UTC with milliseconds. */
export const Time = z.iso.datetime({ precision: 3 });

export const RoomKind = z.enum(['public', 'private', 'direct']);
export type RoomKind = z.infer<typeof RoomKind>;

export const Role = z.enum(['owner', 'admin', 'member']);
export type Role = z.infer<typeof Role>;

/** What a member wants to be notified of in a room. */
export const Notify = z.enum(['all', 'mentions', 'nothing']);
export type Notify = z.infer<typeof Notify>;

/** One emoji as Unicode recommends them for interchange, or any other single pictograph; or `:name:`. */
const EMOJI = /^(?:\p{RGI_Emoji}|\p{Extended_Pictographic}\u{FE0F}?|:[a-z0-9_+\-]{1,32}:)$/v;

/** A reaction: one emoji grapheme, or `:name:`. */
export const Emoji = z.string().check(z.regex(EMOJI, 'must be one emoji, or :name:'));

/** A message's text. */
export const Text = characters(1, MAX_TEXT_CHARACTERS);
