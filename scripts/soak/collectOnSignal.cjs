// Preloaded into a service whose memory is measured: SIGUSR2 collects garbage. Node needs --expose-gc for it.
process.on("SIGUSR2", () => globalThis.gc())
