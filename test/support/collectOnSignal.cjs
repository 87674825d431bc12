// Preloaded into the service by tests that measure its memory: SIGUSR2 collects garbage.
process.on("SIGUSR2", () => globalThis.gc())
