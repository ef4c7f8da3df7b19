/** Plays the story from its beginning to its end. */
import { endpoints } from '../../../functions/http/endpoints.ts';
import { documentCalls } from '../document-calls.ts';
import { type Place, Player } from './player.ts';
import type { Recording } from './recording.ts';
import { tell } from './story.ts';

/**
 * @param place of a service that has no accounts yet
 * @throws {Error} where anything is answered otherwise than the story has it.
 */
export async function playExamples(place: Place): Promise<Recording> {
  const play = new Player(place, [...endpoints, ...documentCalls]);
  try {
    await tell(play);
    return play.recording;
  } finally {
    play.close();
  }
}
