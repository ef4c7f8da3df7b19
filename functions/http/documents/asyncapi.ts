/** The viewer of the WebSocket document: AsyncAPI's own, without its parser, which would need `eval`. */
import AsyncApi from '@asyncapi/react-component/lib/esm/without-parser.js';
import { createElement } from 'react';
import { createRoot } from 'react-dom/client';

async function show(): Promise<void> {
  const place = document.getElementById('asyncapi');
  const parsed = await (await fetch('/api/docs/asyncapi.parsed.json')).text();
  if (place) createRoot(place).render(createElement(AsyncApi, { schema: parsed, config: {} }));
}

void show();
