const EMOJI_ONLY = /^(?:\s*(?:\p{RGI_Emoji}|\p{Extended_Pictographic}\u{FE0F}?)\s*){1,6}$/v;

/** Whether a text is a few emoji and nothing else: they are shown larger. */
export function isOnlyEmoji(text: string): boolean {
  return text.length <= 80 && EMOJI_ONLY.test(text);
}
