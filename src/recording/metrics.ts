import { Metric } from "effect"

/** Recordings that are being written now. */
export const liveRecordings = Metric.gauge("switchboard_recordings", {
  description: "Recordings of calls that this node writes now"
})

/** Recordings that broke off. */
export const failedRecordings = Metric.counter("switchboard_recordings_failed_total", {
  description: "Recordings of calls that broke off because of the disk or the database",
  incremental: true
})
