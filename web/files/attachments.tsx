import { lazy, Suspense, useState } from 'react';
import type { Attachment, Room } from '../../client/index.ts';
import { Icon } from '../ui/icon.tsx';
import { download } from './download.ts';
import { sizeText } from './file-names.ts';
import css from './files.module.css';
import { Picture } from './picture.tsx';

const Viewer = lazy(async () => ({ default: (await import('./viewer.tsx')).Viewer }));

/** What browsers show as pictures. SVG is left out: it is a document that may hold more than a picture. */
const PICTURES = /^image\/(?:png|jpeg|gif|webp|avif)$/;

interface Props {
  readonly room: Room;
  readonly attachments: readonly Attachment[];
}

/** A message's files: pictures shown, all else to be fetched. */
export function Attachments({ room, attachments }: Props) {
  const [viewed, setViewed] = useState<Attachment>();
  return (
    <div className={css.attachments}>
      {attachments.map((attachment) =>
        PICTURES.test(attachment.contentType) ? (
          <Picture
            key={attachment.file}
            room={room}
            attachment={attachment}
            onOpen={() => setViewed(attachment)}
          />
        ) : (
          <File key={attachment.file} room={room} attachment={attachment} />
        ),
      )}
      <Suspense>
        {viewed && <Viewer room={room} attachment={viewed} onClose={() => setViewed(undefined)} />}
      </Suspense>
    </div>
  );
}

function File({ room, attachment }: { readonly room: Room; readonly attachment: Attachment }) {
  const { name, size } = attachment;
  return (
    <button type="button" className={css.file} onClick={() => download(room, attachment)}>
      <span className="visually-hidden">Download </span>
      <span className={css.fileIcon}>
        <Icon name="fileText" size={18} />
      </span>
      <span className={css.words}>
        <span className={css.name}>{name}</span>
        <span className={css.detail}>{sizeText(size)}</span>
      </span>
      <Icon name="download" size={16} />
    </button>
  );
}
