/**
 * Words that stand in so many messages that looking them up would tell nothing: they are not written to the index, and were four of ten
 * words of English chat. A query holds them like any other word, and finds only messages that have them; it must not consist of them.
 *
 * English ones from a count of 10,202 messages of the #ubuntu channel: what is neither noun nor verb and stands in one of forty. Of other
 * scripts the particles, which are no word in any other language.
 */
import { fold } from './words.ts';

const WORDS = [
  "a an and are as at be but by do for from had has have he how i i'm if in is it it's its me my no not of on or our",
  'she so that the their them then there they this to was we were what when will with would you your',
  'а в вы да и к как мы на не но он она они по с так то ты у что это я',
  'أن إلى ان الى على عن في لا ما من هذا هو و يا',
  'और का की के को ने पर में यह वह से है हैं हो',
  '不 也 了 他 你 在 她 就 我 是 有 的 都',
  'が た て で です と な に の は ます も を',
].flatMap((line) => line.split(' ').map(fold));

const STOP_WORDS = new Set(WORDS);
/** All beginnings of those words. */
const BEGINNINGS = new Set(
  WORDS.flatMap((word) => Array.from(word, (_, index) => [...word].slice(0, index + 1).join(''))),
);

/** Whether a folded word is not in the index. */
export function isStopWord(word: string): boolean {
  return STOP_WORDS.has(word);
}

/** Whether a word that is not in the index begins so: the index alone can't tell which messages hold such a word. */
export function beginsStopWord(prefix: string): boolean {
  return BEGINNINGS.has(prefix);
}
