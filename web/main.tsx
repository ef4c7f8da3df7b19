import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { connect } from '../client/index.ts';
import { App } from './app/app.tsx';
import { Broken } from './app/broken.tsx';
import { loadConfig } from './app/config.ts';
import { SurroundingsContext } from './app/parley-context.ts';
import { applyTheme } from './theme/theme.ts';
import './styles/index.css';

applyTheme();
const config = await loadConfig();
const { webSocketUrl } = config;
const parley = connect({
  url: location.origin,
  ...(webSocketUrl !== undefined && { websocketUrl: webSocketUrl }),
});

createRoot(document.getElementById('root') ?? document.body).render(
  <StrictMode>
    <SurroundingsContext value={{ parley, config }}>
      <Broken>
        <App />
      </Broken>
    </SurroundingsContext>
  </StrictMode>,
);
