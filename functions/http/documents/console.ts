/** A socket to type commands into; what each looks like is taken from the document. */

interface Document {
  readonly servers: { readonly local: { readonly pathname: string } };
  readonly channels: {
    readonly socket: {
      readonly messages: Readonly<
        Record<string, { readonly examples?: readonly { readonly payload: object }[] }>
      >;
    };
  };
  readonly operations: Readonly<Record<string, { readonly action: 'send' | 'receive' }>>;
}

/** Frames that stay on the page. */
const SHOWN_FRAMES = 200;

export async function startConsole(token: () => string | undefined): Promise<void> {
  const [asyncApi, settings] = (await Promise.all(
    ['/api/asyncapi.json', '/api/docs/settings.json'].map(async (url) => (await fetch(url)).json()),
  )) as [Document, { readonly webSocketUrl: string }];
  const element = <T extends HTMLElement>(id: string): T => document.getElementById(id) as T;
  const command = element<HTMLSelectElement>('command');
  const frame = element<HTMLTextAreaElement>('frame');
  const connect = element<HTMLButtonElement>('connect');
  const send = element<HTMLButtonElement>('send');
  let socket: WebSocket | undefined;

  for (const [action, operation] of Object.entries(asyncApi.operations)) {
    if (operation.action === 'receive') command.append(new Option(action, action));
  }
  const fill = () => {
    const example = asyncApi.channels.socket.messages[command.value]?.examples?.[0]?.payload;
    frame.value = JSON.stringify(example ?? { action: command.value }, null, 2);
  };
  command.addEventListener('change', fill);
  fill();

  const tell = (text: string) => {
    element('state').textContent = text;
  };

  async function open(): Promise<void> {
    if (token() === undefined) return tell('log in first');
    const answer = await fetch('/api/auth/ticket', {
      method: 'POST',
      headers: { authorization: `Bearer ${token()}` },
    });
    if (!answer.ok) return tell((await answer.json()).error.message);
    const { ticket } = await answer.json();
    const url = addressOf(asyncApi, settings.webSocketUrl);
    const opened = new WebSocket(`${url}?ticket=${encodeURIComponent(ticket)}`);
    socket = opened;
    opened.onopen = () => {
      tell(`connected to ${url}`);
      connect.textContent = 'Disconnect';
      send.disabled = false;
    };
    opened.onmessage = ({ data }) => log('received', String(data));
    opened.onclose = ({ code }) => {
      tell(`closed with ${code}`);
      connect.textContent = 'Connect';
      send.disabled = true;
      socket = undefined;
    };
  }

  connect.addEventListener('click', () => {
    if (socket) socket.close();
    else void open();
  });
  element('console').addEventListener('submit', (event) => {
    event.preventDefault();
    const text = onOneLine(frame.value);
    socket?.send(text);
    log('sent', text);
  });
}

/** A page of this machine's engine finds the sockets beside itself; elsewhere the service says where they are. */
function addressOf({ servers }: Document, webSocketUrl: string): string {
  const isLocal = /^(localhost|127\.0\.0\.1|\[::1\])$/.test(location.hostname);
  return isLocal ? `ws://${location.host}${servers.local.pathname}` : webSocketUrl;
}

/** Without the line breaks of the text field, where it is JSON; else as it is, to see what the service says to it. */
function onOneLine(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text));
  } catch {
    return text;
  }
}

function log(kind: 'sent' | 'received', text: string): void {
  const list = document.getElementById('frames');
  const item = document.createElement('li');
  item.className = kind;
  item.textContent = text;
  list?.prepend(item);
  while ((list?.childElementCount ?? 0) > SHOWN_FRAMES) list?.lastElementChild?.remove();
}
