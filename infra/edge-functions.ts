/** What CloudFront runs on each request, before it looks for an answer: JavaScript of its own runtime, with no imports. */

/**
 * The app has addresses for its views, and one page for all of them. A file lies in `assets/`, or at the top with a dot in its name; all
 * else is a view, so that its address can be opened and loaded again.
 */
export const SITE_PATHS = `
function handler(event) {
  var request = event.request;
  if (!/^\\/(assets\\/.+|[^/]+\\.[a-z0-9]+)$/.test(request.uri)) request.uri = '/index.html';
  return request;
}`;

/** Tells the API who asks: what it sees itself is an address of CloudFront. A client that says so itself is overruled. */
export const VIEWER_ADDRESS = `
function handler(event) {
  var request = event.request;
  request.headers['x-viewer-address'] = { value: event.viewer.ip };
  return request;
}`;
