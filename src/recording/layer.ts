import { Layer } from "effect"
import * as housekeeping from "./housekeeping.ts"
import { RecordingArchive } from "./RecordingArchive.ts"
import { RecordingFiles } from "./RecordingFiles.ts"
import { Recordings } from "./Recordings.ts"
import { RecordingStore } from "./RecordingStore.ts"

/** Every service of this room over `files`, and what looks after the recordings. */
export const layerWith = <E, R>(files: Layer.Layer<RecordingFiles, E, R>) =>
  housekeeping.layer.pipe(
    Layer.provideMerge(Layer.mergeAll(Recordings.layer, RecordingArchive.layer)),
    Layer.provideMerge(Layer.mergeAll(RecordingStore.layer, files))
  )

export const layer = layerWith(RecordingFiles.layer)
