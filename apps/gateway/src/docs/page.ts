/** Nothing from elsewhere, nothing inline: the page runs its own three files and asks its own server. Images of the style are data. */
export const PAGE_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** The page that shows the API to people. */
export const PAGE = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <title>Agent Forge: the HTTP API</title>
    <link rel="stylesheet" href="/docs/ui/swagger-ui.css" />
    <link rel="icon" href="data:," />
  </head>
  <body>
    <div id="api"></div>
    <script src="/docs/ui/swagger-ui-bundle.js"></script>
    <script src="/docs/ui/page.js"></script>
  </body>
</html>
`;

/** Shows the document; without a validator, which would be asked elsewhere, and by a URL without the login that the page's own may carry. */
export const PAGE_SCRIPT = `SwaggerUIBundle({ url: location.origin + '/docs/json', dom_id: '#api', validatorUrl: null });
`;
