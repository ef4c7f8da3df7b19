/** The window's title: a number for what calls for the user, a dot for anything else that is new. */
export function titleOf(room: string, calls: number, isNew: boolean): string {
  const badge = calls > 0 ? `(${calls > 99 ? '99+' : calls}) ` : isNew ? '• ' : '';
  return `${badge}${room ? `${room} · ` : ''}Parley`;
}
