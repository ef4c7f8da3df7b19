/** How files are sent: loaded when the first is. */
import type { UploadAnswer, UploadRequest } from './platform.ts';

/** Sends a form or a part, and tells how far it is. */
export function put(request: UploadRequest): Promise<UploadAnswer> {
  return typeof XMLHttpRequest === 'undefined' ? putByFetch(request) : putWithProgress(request);
}

async function putByFetch({ method, url, body, onProgress, signal }: UploadRequest): Promise<UploadAnswer> {
  const response = await fetch(url, { method, body, ...(signal ? { signal } : {}) });
  const text = await response.text();
  if (response.ok && body instanceof Blob) onProgress(body.size);
  return { status: response.status, text };
}

/** `fetch` does not tell how far an upload is. */
function putWithProgress({ method, url, body, onProgress, signal }: UploadRequest): Promise<UploadAnswer> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    const abort = (): void => request.abort();
    request.open(method, url);
    request.upload.onprogress = ({ loaded }) => onProgress(loaded);
    request.onload = () => resolve({ status: request.status, text: request.responseText });
    request.onerror = () => reject(new Error('the storage can’t be reached'));
    request.onabort = () => reject(signal?.reason);
    request.onloadend = () => signal?.removeEventListener('abort', abort);
    signal?.addEventListener('abort', abort);
    request.send(body);
  });
}
