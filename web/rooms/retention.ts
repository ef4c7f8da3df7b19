/** For how many days a room keeps its messages; an empty value means for ever. */
const DAYS = [
  { value: '', label: 'For ever' },
  { value: '1', label: '1 day' },
  { value: '7', label: '7 days' },
  { value: '30', label: '30 days' },
  { value: '90', label: '90 days' },
  { value: '365', label: '1 year' },
] as const;

interface Choice {
  readonly value: string;
  readonly label: string;
}

/** What can be chosen, and what was chosen elsewhere. */
export function retentionChoices(days: string): readonly Choice[] {
  return DAYS.some(({ value }) => value === days) ? DAYS : [...DAYS, { value: days, label: `${days} days` }];
}

/** What a room says of it; nothing where it has no rule of its own. */
export function retentionText(days: number | null | undefined): string {
  const choice = days && retentionChoices(String(days)).find(({ value }) => value === String(days));
  return choice ? `Messages are kept for ${choice.label}.` : '';
}

/** Whether messages that are there now would go. @param before, after days, or none for ever. */
export function isShorter(before: number | null | undefined, after: number | null): boolean {
  return (after ?? Number.POSITIVE_INFINITY) < (before ?? Number.POSITIVE_INFINITY);
}
