export interface Box {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

export interface Size {
  readonly width: number;
  readonly height: number;
}

/** Between a popover and what it belongs to, and between it and the window's edge, CSS px. */
const GAP = 6;

/**
 * Where a popover's corner goes, in px from the window's: below what it belongs to, its end at the end of that; above where there is more
 * room, and always inside the window.
 */
export function place(anchor: Box, size: Size, view: Size): { readonly left: number; readonly top: number } {
  const below = view.height - anchor.bottom - GAP;
  const fitsBelow = size.height + GAP <= below || below >= anchor.top;
  const top = fitsBelow ? anchor.bottom + GAP : anchor.top - GAP - size.height;
  const start = anchor.left + size.width + GAP <= view.width ? anchor.left : anchor.right - size.width;
  return {
    left: Math.round(clamp(start, GAP, view.width - size.width - GAP)),
    top: Math.round(clamp(top, GAP, view.height - size.height - GAP)),
  };
}

function clamp(value: number, least: number, most: number): number {
  return Math.max(least, Math.min(value, most));
}
