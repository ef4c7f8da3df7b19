/** Types of what the page takes from packages that bring none for a browser: as much as it uses. */
declare module '@asyncapi/react-component/lib/esm/without-parser.js' {
  /** @param props.schema the document as the AsyncAPI parser's `stringify` writes it */
  export default function AsyncApi(props: { readonly schema: string; readonly config: object }): null;
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
