import type { NoticeText, OfflineCause, ProblemReason, SignInProblem } from '../lib/bindings';
import type { Unkept } from '../lib/host/records';
import { m } from '../lib/paraglide/messages';

/** The field that a refusal is about; it is shown beside it. */
export type AccountField = 'username' | 'display_name' | 'password' | 'invite' | 'code';

export function fieldOf(problem: SignInProblem | null): AccountField | null {
  if (problem?.type === 'other_relay') return 'code';
  if (problem?.type !== 'refused') return null;
  switch (problem.reason) {
    case 'username_invalid':
    case 'username_taken':
    case 'username_similar':
      return 'username';
    case 'display_name_invalid':
      return 'display_name';
    case 'password_length':
    case 'password_common':
      return 'password';
    case 'invite_required':
    case 'setup_code_required':
      return 'invite';
    case 'reset_code_invalid':
      return 'code';
    default:
      return null;
  }
}

/** Whether a problem is with the relay's address rather than with what was typed below it. */
export function isAboutRelay(problem: SignInProblem): boolean {
  switch (problem.type) {
    case 'unreachable':
    case 'certificate':
    case 'not_bellwire':
    case 'origin_refused':
      return true;
    case 'refused':
    case 'rate_limited':
    case 'other_relay':
    case 'other_person':
    case 'revoked':
    case 'internal':
      return false;
  }
}

export function signInProblem(problem: SignInProblem, relay: string): string {
  switch (problem.type) {
    case 'refused':
      return problem.reason === 'token_invalid' ? m.problem_signed_out() : reason(problem.reason);
    case 'rate_limited':
      return m.problem_rate_limited({ count: Math.max(1, problem.retry_after_s) });
    case 'unreachable':
      return m.problem_unreachable({ relay });
    case 'certificate':
      return m.problem_certificate({ relay });
    case 'not_bellwire':
      return m.problem_not_bellwire({ relay });
    case 'origin_refused':
      return originRefused(problem.address, relay);
    case 'other_relay':
      return m.problem_other_relay({ address: problem.address });
    case 'other_person':
      return m.problem_other_person({ name: problem.name });
    case 'revoked':
      return m.problem_revoked();
    case 'internal':
      return m.problem_internal();
  }
}

/** What does not outlive this window. */
export function unkeptWords(why: Unkept): string {
  switch (why) {
    case 'insecure':
      return m.insecure();
    case 'blocked':
      return m.unkept();
  }
}

/** Why the relay is not reached, and what still works. */
export function offlineWords(cause: OfflineCause, relay: string, talking: boolean): string {
  switch (cause.type) {
    case 'unreachable':
      return talking ? m.offline_in_call({ relay }) : m.offline({ relay });
    case 'origin_refused':
      return originRefused(cause.address, relay);
  }
}

function originRefused(address: string | null, relay: string): string {
  return address === null
    ? m.problem_origin_refused_unknown({ relay })
    : m.problem_origin_refused({ relay, address });
}

/** Why the relay refused. A newer relay may say what this build does not know. */
export function reason(why: ProblemReason): string {
  switch (why) {
    case 'username_invalid':
      return m.reason_username_invalid();
    case 'username_taken':
      return m.reason_username_taken();
    case 'username_similar':
      return m.reason_username_similar();
    case 'display_name_invalid':
      return m.reason_display_name_invalid();
    case 'password_length':
      return m.reason_password_length();
    case 'password_common':
      return m.reason_password_common();
    case 'wrong_credentials':
      return m.reason_wrong_credentials();
    case 'invite_required':
      return m.reason_invite_required();
    case 'setup_code_required':
      return m.reason_setup_code_required();
    case 'registration_closed':
      return m.reason_registration_closed();
    case 'reset_code_invalid':
      return m.reason_reset_code_invalid();
    case 'token_invalid':
      return m.reason_token_invalid();
    case 'sign_in_ended':
      return m.reason_sign_in_ended();
    case 'no_such_user':
      return m.reason_no_such_user();
    case 'yourself':
      return m.reason_yourself();
    case 'store_unavailable':
      return m.reason_store_unavailable();
    default:
      return m.reason_unknown();
  }
}

export function noticeWords(text: NoticeText): string {
  switch (text.type) {
    case 'not_connected':
      return m.notice_not_connected();
    case 'nothing_hides':
      return m.notice_nothing_hides();
    case 'refused':
      return text.reason === null ? m.reason_unknown() : reason(text.reason);
    case 'rate_limited':
      return m.problem_rate_limited({ count: Math.max(1, text.retry_after_s) });
    case 'already_in_call':
      return m.notice_already_in_call();
    case 'call_gone':
      return m.notice_call_gone();
    case 'contact_requested':
      return m.notice_contact_requested({ username: text.username });
    case 'password_changed':
      return m.notice_password_changed();
    case 'sign_in_copied':
      return m.notice_sign_in_copied();
    case 'password_changed_elsewhere':
      return m.notice_password_changed_elsewhere();
    case 'password_reset':
      return m.notice_password_reset();
    case 'lists_incomplete':
      return m.notice_lists_incomplete();
    case 'message_refused':
      return m.notice_message_refused();
    case 'too_much_sent':
      return m.notice_too_much_sent({ name: text.name });
  }
}

/** Whether a notice may leave by itself. What is about safety stays until it was read. */
export function isPassing(text: NoticeText): boolean {
  switch (text.type) {
    case 'not_connected':
    case 'refused':
    case 'rate_limited':
    case 'already_in_call':
    case 'call_gone':
    case 'contact_requested':
    case 'message_refused':
      return true;
    case 'password_changed':
    case 'sign_in_copied':
    case 'password_changed_elsewhere':
    case 'password_reset':
    case 'lists_incomplete':
    case 'nothing_hides':
    case 'too_much_sent':
      return false;
  }
}
