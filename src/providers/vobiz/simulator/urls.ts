const loopback = /^(localhost|127(\.\d+){3}|\[::1\])$/

/** Whether the carrier takes a URL: TLS, or, where allowed, none on loopback. */
export const isUrlAllowed = (written: string, kind: "http" | "ws", insecureLoopback: boolean) => {
  const url = URL.parse(written)
  if (url === null) return false
  return (
    url.protocol === `${kind}s:` || (insecureLoopback && url.protocol === `${kind}:` && loopback.test(url.hostname))
  )
}
