import type { Desktop } from '../lib/host/host';
import { m } from '../lib/paraglide/messages';

export interface NamedDevice {
  id: string;
  name: string;
}

export interface DeviceList {
  /** Whether there is a choice of speakers: not every browser lets a page choose. */
  speakerChoice: boolean;
  microphones: NamedDevice[];
  speakers: NamedDevice[];
  cameras: NamedDevice[];
}

/** Chromium lists the system's choice as devices of these names; it has its own line. */
const ALIASES = new Set(['default', 'communications', '']);

/** Nothing is known yet. */
export const NO_DEVICES: DeviceList = {
  speakerChoice: canChooseSpeaker(),
  microphones: [],
  speakers: [],
  cameras: [],
};

/**
 * The devices that the system shows. Names are empty until the person allowed one of the kind. Where
 * the program does the sound it also says which devices there are for it.
 */
export async function listDevices(desktop: Desktop | null): Promise<DeviceList> {
  const sound = await desktop?.soundDevices();
  const all = (await navigator.mediaDevices?.enumerateDevices().catch(() => [])) ?? [];
  const of = (kind: MediaDeviceKind, name: (number: number) => string) =>
    all
      .filter((device) => device.kind === kind && !ALIASES.has(device.deviceId))
      .map((device, index) => ({ id: device.deviceId, name: device.label || name(index + 1) }));
  return {
    speakerChoice: sound ? true : canChooseSpeaker(),
    microphones:
      sound?.microphones ?? of('audioinput', (number) => m.microphone_number({ number })),
    speakers: sound?.speakers ?? of('audiooutput', (number) => m.speaker_number({ number })),
    cameras: of('videoinput', (number) => m.camera_number({ number })),
  };
}

/** What a choice of a device offers: the system's own first. */
export function deviceOptions(list: NamedDevice[]): { value: string; label: string }[] {
  return [
    { value: '', label: m.system_choice() },
    ...list.map(({ id, name }) => ({ value: id, label: name })),
  ];
}

/** The option of a device that was chosen; one that is gone leaves the system's choice. */
export function chosenOption(list: NamedDevice[], id: string | null | undefined): string {
  return list.some((device) => device.id === id) ? (id ?? '') : '';
}

/** Whether the browser lets a page choose the speaker. */
function canChooseSpeaker(): boolean {
  return typeof HTMLMediaElement !== 'undefined' && 'setSinkId' in HTMLMediaElement.prototype;
}
