/** What differs between the releases of Asterisk that have chan_websocket (Asterisk: ChangeLogs of 20, 21, 22 and 23). */
export interface Release {
  /** As `GET /asterisk/info` tells it. */
  readonly version: string
  /** `channel_id` in media events and `tech_cause` in hangup events; before that PAUSE, CONTINUE and REPORT were never recognised. */
  readonly namesChannels: boolean
  /** `transport_data`, JSON control, MARK_MEDIA, ERROR, a cause when our side closes the socket. */
  readonly takesTransportData: boolean
  /** Media directions; a short frame at the end of a buffered message goes out as it is instead of padded with silence. */
  readonly hasDirections: boolean
  /** What is left over of a buffered message goes out when the queue runs empty. */
  readonly sendsLeftOver: boolean
}

/** The minor release of each series that brought chan_websocket. */
const firstMinor: Readonly<Record<string, number>> = { "20": 16, "21": 11, "22": 6, "23": 0 }

/** What a release can do; of an unknown series the newest is assumed. */
export const releaseOf = (version: string): Release => {
  const [, series = "", minor = "0"] = /(\d+)\.(\d+)\.\d+/.exec(version) ?? []
  const first = firstMinor[series]
  const age = first === undefined ? Number.POSITIVE_INFINITY : Number(minor) - first
  return {
    version,
    namesChannels: age >= 1,
    takesTransportData: age >= 2,
    hasDirections: age >= 3,
    sendsLeftOver: age >= 5
  }
}
