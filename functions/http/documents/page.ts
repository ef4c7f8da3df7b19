/** The page to try both APIs on: who is logged in, and which of the two documents is shown. */
import { startConsole } from './console.ts';

const TABS = ['http', 'websocket'] as const;

/** The access token of who is logged in on this page; nothing keeps it when the page is left. */
let token: string | undefined;

const ui = SwaggerUIBundle({
  url: '/api/openapi.json',
  dom_id: '#http',
  // The default sends the document to a server of Swagger's.
  validatorUrl: null,
  tryItOutEnabled: true,
  docExpansion: 'list',
  defaultModelsExpandDepth: 0,
});

let socketShown = false;

function showTab(hash: string): void {
  const shown = TABS.find((tab) => hash === `#${tab}`) ?? 'http';
  for (const tab of TABS) {
    const section = document.getElementById(tab);
    if (section) section.hidden = tab !== shown;
    const link = document.querySelector(`nav a[href="#${tab}"]`);
    if (tab === shown) link?.setAttribute('aria-current', 'page');
    else link?.removeAttribute('aria-current');
  }
  if (shown !== 'websocket' || socketShown) return;
  socketShown = true;
  void startConsole(() => token);
  // Large, and only needed here.
  const viewer = document.createElement('script');
  viewer.src = '/api/docs/asyncapi.js';
  document.body.append(viewer);
}

async function logIn(event: SubmitEvent): Promise<void> {
  event.preventDefault();
  const form = event.currentTarget as HTMLFormElement;
  const call = (event.submitter as HTMLButtonElement | null)?.value ?? 'login';
  const { username, password } = Object.fromEntries(new FormData(form));
  const response = await fetch(`/api/auth/${call}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ username, password }),
  });
  const answer = await response.json();
  const who = document.getElementById('who');
  if (response.ok) {
    token = String(answer.accessToken);
    ui.preauthorizeApiKey('accessToken', token);
  }
  if (who) who.textContent = response.ok ? `Logged in as ${answer.user.user}.` : answer.error.message;
}

document.getElementById('login')?.addEventListener('submit', (event) => void logIn(event));
// Not `hashchange`, which does not come while Swagger UI is on the page.
for (const link of document.querySelectorAll<HTMLAnchorElement>('nav a')) {
  link.addEventListener('click', () => showTab(link.hash));
}
addEventListener('popstate', () => showTab(location.hash));
showTab(location.hash);
