import { WebSocket } from 'ws';
import type { Platform, Socket } from '../../client/index.ts';
import { pause } from '../helper/endpoint.ts';
import type { Random } from '../simulation/random.ts';

/** What the network did, so that a run that met nothing is seen. */
export interface NetworkCounts {
  sockets: number;
  cuts: number;
  silences: number;
  repeats: number;
  lostCalls: number;
}

/** A network that a seed makes bad: it delays and repeats frames, cuts connections, lets them fall silent, and loses calls. */
export class Network {
  readonly counts: NetworkCounts = { sockets: 0, cuts: 0, silences: 0, repeats: 0, lostCalls: 0 };
  /** Nothing goes wrong while it is true. */
  isCalm = true;
  readonly #random: Random;
  readonly #open = new Set<BadSocket>();

  constructor(random: Random) {
    this.#random = random;
  }

  /** What a client takes of it. */
  platform(): Pick<Platform, 'openSocket' | 'sendsHeaders' | 'fetch'> {
    return {
      sendsHeaders: true,
      openSocket: (url, headers) => {
        const socket = new BadSocket(new WebSocket(url, { headers }), this);
        this.counts.sockets++;
        this.#open.add(socket);
        return socket;
      },
      fetch: (input, init) => this.#fetch(input, init),
    };
  }

  /** From now on things go wrong, with what is open, too. */
  storm(): void {
    this.isCalm = false;
    for (const socket of this.#open) socket.draw();
  }

  /** All goes well from now on; what is broken stays broken until the client sees it. */
  calm(): void {
    this.isCalm = true;
  }

  delay(): number {
    return this.isCalm ? 0 : this.#random.between(0, 25);
  }

  repeats(): boolean {
    const repeats = !this.isCalm && this.#random.chance(0.08);
    if (repeats) this.counts.repeats++;
    return repeats;
  }

  /** Milliseconds that a connection lives, and how it ends. */
  fate(): { readonly after: number; readonly silently: boolean } | undefined {
    if (this.isCalm || this.#random.chance(0.2)) return undefined;
    return { after: this.#random.between(20, 1_200), silently: this.#random.chance(0.25) };
  }

  gone(socket: BadSocket): void {
    this.#open.delete(socket);
  }

  async #fetch(...[input, init]: Parameters<typeof fetch>): Promise<Response> {
    await pause(this.delay());
    if (!this.isCalm && this.#random.chance(0.08)) {
      this.counts.lostCalls++;
      throw new TypeError('fetch failed');
    }
    const response = await fetch(input, init);
    // The service has done it, and the answer is lost.
    if (!this.isCalm && this.#random.chance(0.08)) {
      await response.body?.cancel();
      this.counts.lostCalls++;
      throw new TypeError('fetch failed');
    }
    return response;
  }
}

/** A socket over that network. As over TCP, what arrives arrives in order; frames that are repeated come right after themselves. */
class BadSocket implements Socket {
  onopen: Socket['onopen'] = null;
  onmessage: Socket['onmessage'] = null;
  onclose: Socket['onclose'] = null;
  onerror: Socket['onerror'] = null;
  readonly #socket: WebSocket;
  readonly #network: Network;
  #isSilent = false;
  #isClosed = false;
  #inward = Promise.resolve();
  #outward = Promise.resolve();

  constructor(socket: WebSocket, network: Network) {
    this.#socket = socket;
    this.#network = network;
    socket.on('open', () => {
      this.onopen?.(undefined as never);
      this.draw();
    });
    socket.on('message', (data) => {
      const times = network.repeats() ? 2 : 1;
      this.#inward = this.#inward.then(async () => {
        await pause(network.delay());
        for (let time = 0; time < times; time++) if (this.#carries) this.onmessage?.({ data: String(data) });
      });
    });
    socket.on('error', () => this.#end(1006));
    socket.on('close', (code) => {
      this.#inward = this.#inward.then(() => this.#end(code));
    });
  }

  /** Draws how long it lives. */
  draw(): void {
    const fate = this.#network.fate();
    if (fate) setTimeout(() => this.#meet(fate.silently), fate.after);
  }

  get #carries(): boolean {
    return !this.#isSilent && !this.#isClosed;
  }

  send(data: string): void {
    const times = this.#network.repeats() ? 2 : 1;
    this.#outward = this.#outward.then(async () => {
      await pause(this.#network.delay());
      for (let time = 0; time < times; time++) {
        if (this.#carries && this.#socket.readyState === WebSocket.OPEN) this.#socket.send(data);
      }
    });
  }

  close(): void {
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.close(1000);
    else this.#socket.terminate();
    this.#end(1000);
  }

  cut(): void {
    this.#network.counts.cuts++;
    this.#socket.terminate();
    this.#end(1006);
  }

  #meet(silently: boolean): void {
    if (this.#isClosed || this.#network.isCalm) return;
    if (!silently) {
      this.cut();
      return;
    }
    // Nothing is said any more, in either direction, and nobody is told: a train in a tunnel.
    this.#isSilent = true;
    this.#network.counts.silences++;
  }

  #end(code: number): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#network.gone(this);
    this.onclose?.({ code });
  }
}
