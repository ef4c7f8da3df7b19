import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';
import { firstLoad } from './build/first-load.ts';

/** Where a running `npm start` serves the API that the development server passes on to. */
const SERVICE = process.env.PARLEY_SERVICE ?? 'http://localhost:3000';

/** The web app: `npx vite build --config web/vite.config.ts` writes it to `dist/web`. */
export default defineConfig({
  root: import.meta.dirname,
  plugins: [react(), firstLoad()],
  build: {
    outDir: '../dist/web',
    emptyOutDir: true,
    target: 'es2024',
    // The content security policy takes no `data:` address.
    assetsInlineLimit: 0,
  },
  server: {
    proxy: { '/api': SERVICE },
  },
});
