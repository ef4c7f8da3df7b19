import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';

/** What a function PUTs to a custom resource's response URL. */
export interface CustomResourceResponse {
  readonly Status: 'SUCCESS' | 'FAILED';
  readonly Reason?: string;
  readonly PhysicalResourceId?: string;
  readonly Data?: Readonly<Record<string, unknown>>;
}

/** CloudFormation takes 4 KB: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/crpg-ref-responses.html */
const RESPONSE_LIMIT_BYTES = 4096;

/** The place of the pre-signed addresses that CloudFormation gives to custom resources. Lives while they are made. */
export class ResponseServer {
  readonly #server: Server;
  readonly #waiting = new Map<string, (response: CustomResourceResponse) => void>();

  private constructor(server: Server) {
    this.#server = server;
    server.on('request', async (request, response) => {
      const token = (request.url ?? '').slice(1);
      const settle = this.#waiting.get(token);
      const answer = request.method === 'PUT' && settle ? await readAnswer(request) : undefined;
      response.writeHead(answer ? 200 : 403, { 'content-length': 0 }).end();
      if (answer) settle?.(answer);
    });
  }

  static async listen(): Promise<ResponseServer> {
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new ResponseServer(server);
  }

  /** One address, good for one answer; `cancel` forgets it. */
  expect(): { url: string; answer: Promise<CustomResourceResponse>; cancel: () => void } {
    const token = randomUUID();
    const address = this.#server.address();
    const port = typeof address === 'object' && address ? address.port : 0;
    const answer = new Promise<CustomResourceResponse>((resolve) => {
      this.#waiting.set(token, (response) => {
        this.#waiting.delete(token);
        resolve(response);
      });
    });
    return { url: `http://127.0.0.1:${port}/${token}`, answer, cancel: () => this.#waiting.delete(token) };
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }
}

async function readAnswer(request: IncomingMessage): Promise<CustomResourceResponse> {
  let text = '';
  for await (const chunk of request) {
    text += chunk;
    if (text.length > RESPONSE_LIMIT_BYTES)
      return { Status: 'FAILED', Reason: 'Response object is too long.' };
  }
  try {
    const parsed = JSON.parse(text);
    if (parsed?.Status === 'SUCCESS' || parsed?.Status === 'FAILED') return parsed;
  } catch {
    // Told below.
  }
  return { Status: 'FAILED', Reason: 'Invalid response object: Status must be SUCCESS or FAILED' };
}
