/** Types of what the page takes from packages that bring none for a browser: as much as it uses. */
declare module 'react' {
  export interface Element {
    readonly type: unknown;
  }
  export function createElement<P extends object>(component: (props: P) => unknown, props: P): Element;
}
declare module 'react-dom/client' {
  import type { Element } from 'react';

  export function createRoot(container: HTMLElement): { render(element: Element): void };
}
declare module '@asyncapi/react-component/lib/esm/without-parser.js' {
  /** @param props.schema the document as the AsyncAPI parser's `stringify` writes it */
  export default function AsyncApi(props: { readonly schema: string; readonly config: object }): unknown;
}

interface SwaggerUi {
  preauthorizeApiKey(scheme: string, token: string): void;
}
/** What `swagger-ui.js` leaves on the page. */
declare const SwaggerUIBundle: (options: {
  readonly url: string;
  readonly dom_id: string;
  readonly validatorUrl: null;
  readonly tryItOutEnabled: boolean;
  readonly docExpansion: 'list' | 'full' | 'none';
  readonly defaultModelsExpandDepth: number;
}) => SwaggerUi;
