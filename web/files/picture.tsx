import { useEffect, useState } from 'react';
import type { Attachment, Room } from '../../client/index.ts';
import { Spinner } from '../ui/button.tsx';
import { Icon } from '../ui/icon.tsx';
import css from './files.module.css';

/** A thumbnail is shown so high at most, CSS px. */
const MOST_HIGH_PX = 240;

interface Props {
  readonly room: Room;
  readonly attachment: Attachment;
  readonly onOpen: () => void;
}

/** A small picture of a picture, to be opened. */
export function Picture({ room, attachment, onOpen }: Props) {
  const picture = usePicture(room, attachment, true);
  const { name, thumbnail } = attachment;
  return (
    <button
      type="button"
      className={css.picture}
      aria-label={`Open picture ${name}`}
      style={thumbnail && roomFor(thumbnail)}
      onClick={onOpen}
    >
      {picture.url ? (
        <img src={picture.url} alt={name} onError={picture.onError} />
      ) : picture.isFailed ? (
        <span className={css.detail}>
          <Icon name="image" size={20} /> {name}
        </span>
      ) : (
        <Spinner />
      )}
    </button>
  );
}

/** As large as the picture will be: nothing moves when it comes. */
function roomFor({ width, height }: NonNullable<Attachment['thumbnail']>) {
  const scale = Math.min(1, MOST_HIGH_PX / height);
  return { width: Math.round(width * scale), aspectRatio: `${width} / ${height}` };
}

/** Address of a picture, asked for anew once where it has run out. */
export function usePicture(room: Room, { file, ...attachment }: Attachment, isSmall: boolean) {
  const [url, setUrl] = useState<string>();
  const [tries, setTries] = useState(0);
  const [isFailed, setIsFailed] = useState(false);
  const thumbnail = isSmall && 'thumbnail' in attachment;
  useEffect(() => {
    let isOver = false;
    room.fileUrl(file, { thumbnail: thumbnail && tries === 0 }).then(
      (found) => {
        if (!isOver) setUrl(found);
      },
      () => {
        if (!isOver) setIsFailed(true);
      },
    );
    return () => {
      isOver = true;
    };
  }, [room, file, thumbnail, tries]);
  const onError = () => {
    setUrl(undefined);
    if (tries === 0) setTries(1);
    else setIsFailed(true);
  };
  return { url, isFailed, onError };
}
