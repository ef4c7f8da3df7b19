/** Room ids made from names. */
import { RoomId } from '../protocol/ids.ts';
import { DIRECT_ROOM_PREFIX, RESERVED_ROOM } from '../protocol/rest.ts';

/** Characters of an id that come from the name, at most: room is left for a random end within the 64 of an id. */
const BASE_CHARACTERS = 48;
/** Characters of the random end: 36 bits from the service's own ids, tried a few times. */
const SUFFIX_CHARACTERS = 9;

/** An id that reads like the name: `Café Zürich!` gives `cafe-zurich`; a name without a letter or digit gives `room`. */
export function roomIdFor(name: string): RoomId {
  const slug = name
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, BASE_CHARACTERS)
    .replace(/^-+|-+$/g, '');
  // With a random end `dm` would read like a direct room's id too.
  const isOthers = `${slug}-`.startsWith(DIRECT_ROOM_PREFIX) || slug === RESERVED_ROOM;
  const base = isOthers ? `room-${slug}` : slug;
  return RoomId.parse(base || 'room');
}

/** The id with an end taken from `random`, a UUID. */
export function suffixed(base: RoomId, random: string): RoomId {
  const end = random
    .toLowerCase()
    .replace(/[^a-z0-9]/g, '')
    .slice(0, SUFFIX_CHARACTERS);
  return RoomId.parse(`${base}-${end}`);
}
