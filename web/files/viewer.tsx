import type { Attachment, Room } from '../../client/index.ts';
import { Button } from '../ui/button.tsx';
import { Actions, Dialog } from '../ui/dialog.tsx';
import { Skeleton } from '../ui/state.tsx';
import { download } from './download.ts';
import css from './files.module.css';
import { usePicture } from './picture.tsx';

interface Props {
  readonly room: Room;
  readonly attachment: Attachment;
  readonly onClose: () => void;
}

/** A picture in its full size. */
export function Viewer({ room, attachment, onClose }: Props) {
  const picture = usePicture(room, attachment, false);
  return (
    <Dialog title={attachment.name} wide onClose={onClose}>
      {picture.url ? (
        <img className={css.full} src={picture.url} alt={attachment.name} onError={picture.onError} />
      ) : picture.isFailed ? (
        <p>This picture can’t be shown.</p>
      ) : (
        <Skeleton label="Loading the picture" lines={2} />
      )}
      <Actions>
        <Button icon="download" onClick={() => download(room, attachment)}>
          Download
        </Button>
      </Actions>
    </Dialog>
  );
}
