import { useCallback, useEffect, useRef, useState } from 'react';
import type { Attachment, Room } from '../../client/index.ts';
import { MAX_ATTACHMENTS } from '../../shared/protocol/ids.ts';
import { textOf } from '../ui/text-of.ts';
import { sayError } from '../ui/toasts.tsx';

/** A file on its way to the room's storage. */
export interface Upload {
  readonly key: number;
  readonly file: File;
  /** Bytes that have been taken. */
  readonly sent: number;
  readonly error?: string;
}

let last = 0;

/**
 * Sends files to the room's storage as soon as they are added. What has arrived is part of the draft.
 */
export function useUploads(
  room: Room,
  attachments: readonly Attachment[],
  setAttachments: (change: (before: readonly Attachment[]) => readonly Attachment[]) => void,
) {
  const [uploads, setUploads] = useState<readonly Upload[]>([]);
  const controllers = useRef(new Map<number, AbortController>());
  const change = useCallback((key: number, to: Partial<Upload>) => {
    setUploads((before) => before.map((upload) => (upload.key === key ? { ...upload, ...to } : upload)));
  }, []);
  const drop = useCallback((key: number) => {
    controllers.current.delete(key);
    setUploads((before) => before.filter((upload) => upload.key !== key));
  }, []);

  const send = useCallback(
    async (key: number, file: File) => {
      const controller = new AbortController();
      controllers.current.set(key, controller);
      const { signal } = controller;
      try {
        const attachment = await room.upload(file, {
          name: file.name || 'file',
          signal,
          onProgress: ({ sent }) => change(key, { sent }),
        });
        // Until the service has looked at it no message takes it: this waits for that.
        await room.fileUrl(attachment.file);
        if (signal.aborted) return;
        drop(key);
        setAttachments((before) => [...before, attachment]);
      } catch (error) {
        if (signal.aborted) drop(key);
        else change(key, { error: textOf(error) });
      }
    },
    [room, change, drop, setAttachments],
  );

  const add = (files: readonly File[]) => {
    const room = MAX_ATTACHMENTS - attachments.length - uploads.length;
    if (files.length > room) sayError(new Error(`A message takes ${MAX_ATTACHMENTS} files at most`));
    const added = files.slice(0, Math.max(0, room)).map((file) => ({ key: ++last, file, sent: 0 }));
    setUploads((before) => [...before, ...added]);
    for (const { key, file } of added) void send(key, file);
  };
  const retry = (upload: Upload) => {
    setUploads((before) =>
      before.map((each) => (each.key === upload.key ? { key: each.key, file: each.file, sent: 0 } : each)),
    );
    void send(upload.key, upload.file);
  };
  const cancel = (key: number) => {
    controllers.current.get(key)?.abort();
    drop(key);
  };
  useEffect(() => {
    const running = controllers.current;
    return () => {
      for (const controller of running.values()) controller.abort();
    };
  }, []);

  return {
    uploads,
    attachments,
    isBusy: uploads.length > 0,
    hasFailed: uploads.some(({ error }) => error !== undefined),
    add,
    retry,
    cancel,
    remove: (file: string) => setAttachments((before) => before.filter((each) => each.file !== file)),
  };
}

export type Uploads = ReturnType<typeof useUploads>;
