export const SimulatorPanel = () => <p>soon</p>
