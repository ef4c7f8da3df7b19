import type { Attachment } from '../../client/index.ts';
import { IconButton } from '../ui/button.tsx';
import { Icon } from '../ui/icon.tsx';
import { ProgressBar } from '../ui/progress-bar.tsx';
import { sizeText } from './file-names.ts';
import css from './files.module.css';
import type { Upload, Uploads } from './use-uploads.ts';

/** Files of the message that is being written: on their way, failed, or there. */
export function UploadList({ uploads }: { readonly uploads: Uploads }) {
  if (uploads.uploads.length === 0 && uploads.attachments.length === 0) return null;
  return (
    <ul className={css.uploads} aria-label="Attached files">
      {uploads.attachments.map((attachment) => (
        <Done
          key={attachment.file}
          attachment={attachment}
          onRemove={() => uploads.remove(attachment.file)}
        />
      ))}
      {uploads.uploads.map((upload) => (
        <UnderWay
          key={upload.key}
          upload={upload}
          onCancel={() => uploads.cancel(upload.key)}
          onRetry={() => uploads.retry(upload)}
        />
      ))}
    </ul>
  );
}

function Done({ attachment, onRemove }: { readonly attachment: Attachment; readonly onRemove: () => void }) {
  const { name, size, contentType } = attachment;
  return (
    <li className={css.upload}>
      <Icon name={contentType.startsWith('image/') ? 'image' : 'fileText'} size={18} />
      <span>
        <span className={css.name}>{name}</span>
        <span className={css.detail}>{sizeText(size)}</span>
      </span>
      <IconButton small icon="x" label={`Remove ${name}`} onClick={onRemove} />
    </li>
  );
}

interface UnderWayProps {
  readonly upload: Upload;
  readonly onCancel: () => void;
  readonly onRetry: () => void;
}

function UnderWay({ upload, onCancel, onRetry }: UnderWayProps) {
  const { file, sent, error } = upload;
  return (
    <li className={css.upload}>
      <Icon name="fileText" size={18} />
      <span>
        <span className={css.name}>{file.name}</span>
        {error ? (
          <span className={`${css.detail} ${css.failed}`} role="alert">
            {error}{' '}
            <button type="button" onClick={onRetry}>
              Try again
            </button>
          </span>
        ) : (
          <span className={css.detail}>
            {sent < file.size ? `${sizeText(sent)} of ${sizeText(file.size)}` : 'Being checked …'}
          </span>
        )}
      </span>
      <IconButton
        small
        icon="x"
        label={error ? `Remove ${file.name}` : `Cancel ${file.name}`}
        onClick={onCancel}
      />
      {!error && (
        <ProgressBar className={css.progress} label={`Uploading ${file.name}`} done={sent} of={file.size} />
      )}
    </li>
  );
}
