import { HttpRouter, HttpServerResponse } from "effect/http"

const html = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>Switchboard</title>
  </head>
  <body>
    <main>
      <h1>Switchboard</h1>
      <p>The telephony gateway is running.</p>
      <ul>
        <li><a href="/docs">API reference</a></li>
        <li><a href="/openapi.json">OpenAPI description</a></li>
        <li><a href="/readyz">Readiness</a></li>
        <li><a href="/metrics">Metrics</a></li>
      </ul>
    </main>
  </body>
</html>
`

/** A plain page that says what this is and where the API reference is. */
export const layer = HttpRouter.add(
  "GET",
  "/",
  HttpServerResponse.text(html, {
    contentType: "text/html; charset=utf-8",
    headers: {
      "content-security-policy": "default-src 'none'; frame-ancestors 'none'; base-uri 'none'",
      "x-content-type-options": "nosniff",
      "referrer-policy": "no-referrer"
    }
  })
)
