import { m } from '../lib/paraglide/messages';

export interface NamedDevice {
  id: string;
  name: string;
}

export interface DeviceList {
  microphones: NamedDevice[];
  speakers: NamedDevice[];
  cameras: NamedDevice[];
}

/** Chromium lists the system's choice as devices of these names; it has its own line. */
const ALIASES = new Set(['default', 'communications', '']);

/** The devices that the system shows. Names are empty until the person allowed one of the kind. */
export async function listDevices(): Promise<DeviceList> {
  const all = (await navigator.mediaDevices?.enumerateDevices().catch(() => [])) ?? [];
  const of = (kind: MediaDeviceKind, name: (number: number) => string) =>
    all
      .filter((device) => device.kind === kind && !ALIASES.has(device.deviceId))
      .map((device, index) => ({ id: device.deviceId, name: device.label || name(index + 1) }));
  return {
    microphones: of('audioinput', (number) => m.microphone_number({ number })),
    speakers: of('audiooutput', (number) => m.speaker_number({ number })),
    cameras: of('videoinput', (number) => m.camera_number({ number })),
  };
}

/** Whether the browser lets a page choose the speaker. */
export function canChooseSpeaker(): boolean {
  return typeof HTMLMediaElement !== 'undefined' && 'setSinkId' in HTMLMediaElement.prototype;
}
