import type { Attachment, Room } from '../../client/index.ts';
import { attempt } from '../ui/toasts.tsx';

/** Fetches a file as a download: its address says so itself, so that nothing of it runs here. */
export function download(room: Room, { file, name }: Attachment): Promise<void> {
  return attempt(async () => {
    const link = document.createElement('a');
    link.href = await room.fileUrl(file);
    link.download = name;
    link.rel = 'noopener';
    link.click();
  });
}
