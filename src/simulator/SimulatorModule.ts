export interface SimulatorModule {
  readonly simulator: unknown
}
