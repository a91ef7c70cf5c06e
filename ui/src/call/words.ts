import type { CallView, DeviceProblem, EndReason, RemoteView, Slot } from '../lib/bindings';
import { m } from '../lib/paraglide/messages';
import { isInsecurePage } from '../shared/secure';

/** What a person reads when a call is over: what happened, and what it means. */
export interface Ending {
  title: string;
  detail: string | null;
  /** Nobody has to decide anything: the screen leaves by itself. */
  ordinary: boolean;
}

/** A reason in words, seen from the caller (`outgoing`) or the called person. */
export function endWords(reason: EndReason, outgoing: boolean, name: string): Ending {
  const ordinary = (title: string): Ending => ({ title, detail: null, ordinary: true });
  const told = (title: string, detail: string | null): Ending => ({
    title,
    detail,
    ordinary: false,
  });
  switch (reason) {
    case 'ended':
      return ordinary(m.end_ended());
    case 'cancelled':
      return outgoing ? ordinary(m.end_cancelled()) : told(m.end_cancelled_by({ name }), null);
    case 'declined':
      return outgoing
        ? told(m.end_declined({ name }), m.end_declined_detail())
        : ordinary(m.end_declined_here());
    case 'busy':
      return told(m.end_busy({ name }), m.end_missed_detail({ name }));
    case 'dnd':
      return told(m.end_dnd({ name }), m.end_missed_detail({ name }));
    case 'no_answer':
      return told(m.end_no_answer({ name }), m.end_missed_detail({ name }));
    case 'answered_elsewhere':
      return ordinary(m.end_answered_elsewhere());
    case 'declined_elsewhere':
      return ordinary(m.end_declined_elsewhere());
    case 'unreachable':
      return told(m.end_unreachable({ name }), m.end_unreachable_detail({ name }));
    case 'lost':
      return told(m.end_lost(), m.end_lost_detail());
    case 'window_closed':
      return told(m.end_window_closed({ name }), m.end_window_closed_detail());
    case 'time_limit':
      return told(m.end_time_limit(), m.end_time_limit_detail());
    case 'replaced':
      return ordinary(m.end_replaced());
    case 'failed':
      return told(m.end_failed(), m.end_failed_detail());
    default:
      return told(m.end_ended(), m.end_unknown_detail());
  }
}

/**
 * Why a slot does not send: what happened, what still works, what to do. Null where the person
 * decided it and needs no words.
 */
export function problemWords(slot: Slot, problem: DeviceProblem): string | null {
  switch (slot) {
    case 'audio':
      return microphoneWords(problem);
    case 'camera':
      return cameraWords(problem);
    case 'screen':
    case 'screenAudio':
      return screenWords(problem);
  }
}

function microphoneWords(problem: DeviceProblem): string {
  switch (problem) {
    case 'denied':
      return isInsecurePage() ? m.microphone_insecure() : m.microphone_denied();
    case 'dismissed':
      return m.microphone_dismissed();
    case 'missing':
      return m.microphone_missing();
    case 'busy':
      return m.microphone_busy();
    case 'unplugged':
      return m.microphone_unplugged();
    case 'hung':
      return m.microphone_hung();
    case 'other':
      return m.microphone_other();
  }
}

function cameraWords(problem: DeviceProblem): string {
  switch (problem) {
    case 'denied':
      return isInsecurePage() ? m.camera_insecure() : m.camera_denied();
    case 'dismissed':
      return m.camera_dismissed();
    case 'missing':
      return m.camera_missing();
    case 'busy':
      return m.camera_busy();
    case 'unplugged':
      return m.camera_unplugged();
    case 'hung':
      return m.camera_hung();
    case 'other':
      return m.camera_other();
  }
}

function screenWords(problem: DeviceProblem): string | null {
  switch (problem) {
    case 'dismissed':
      return null;
    case 'denied':
      return isInsecurePage() ? m.screen_insecure() : m.screen_denied();
    case 'missing':
    case 'busy':
    case 'unplugged':
    case 'hung':
    case 'other':
      return m.screen_other();
  }
}

/** Why a test could not open a device. */
export function testWords(kind: 'microphone' | 'camera', problem: DeviceProblem): string {
  const device = kind === 'microphone' ? m.your_microphone() : m.your_camera();
  switch (problem) {
    case 'denied':
    case 'dismissed':
      return isInsecurePage() ? m.test_insecure({ device }) : m.test_denied({ device });
    case 'missing':
    case 'unplugged':
      return m.test_missing({ device });
    case 'busy':
      return m.test_busy({ device });
    case 'hung':
    case 'other':
      return m.test_other({ device });
  }
}

/** Whose window was closed, while the call waits for it. */
export function gone(call: CallView): RemoteView | null {
  return call.remotes.find(({ closed }) => closed) ?? null;
}

/** What a call is doing, in a word or two. Null while its duration says it. */
export function stageWords(call: CallView): string | null {
  const left = gone(call);
  if (left) return m.stage_window_closed({ name: left.name });
  switch (call.stage.type) {
    case 'dialling':
      return call.stage.ringing ? m.stage_ringing() : m.stage_calling();
    case 'connecting':
      return m.stage_connecting();
    case 'reconnecting':
      return m.stage_reconnecting();
    case 'connected':
      return null;
    case 'ended':
      return endWords(call.stage.reason, call.outgoing, call.name).title;
  }
}
