//! Notifications of macOS, by its UserNotifications framework.
//!
//! It works in a signed bundle alone, and asks the person with the first notification. Focus hides
//! calls unless the person allows time-sensitive ones: the ringing window is what tells of a call
//! first.
#![expect(unsafe_code, reason = "a delegate is a class of Objective-C")]

use std::cell::OnceCell;

use block2::{DynBlock, RcBlock};
use objc2::rc::Retained;
use objc2::runtime::{Bool, NSObject, NSObjectProtocol, ProtocolObject};
use objc2::{AllocAnyThread as _, DefinedClass as _, define_class, msg_send};
use objc2_foundation::{NSArray, NSBundle, NSError, NSSet, NSString};
use objc2_user_notifications::{
    UNAuthorizationOptions, UNMutableNotificationContent, UNNotification, UNNotificationAction,
    UNNotificationActionOptions, UNNotificationCategory, UNNotificationCategoryOptions,
    UNNotificationDefaultActionIdentifier, UNNotificationInterruptionLevel,
    UNNotificationPresentationOptions, UNNotificationRequest, UNNotificationResponse,
    UNUserNotificationCenter, UNUserNotificationCenterDelegate,
};
use tauri::AppHandle;
use tokio::sync::mpsc;

use super::note::{Button, Key, Note};
use super::notifier::{Notifier, Press};

/// A call, with its two buttons.
const CALL: &str = "call";
/// Everything else.
const NEWS: &str = "news";

thread_local! {
    /// Lives as long as the main thread: the centre does not keep it.
    static DELEGATE: OnceCell<Retained<Delegate>> = const { OnceCell::new() };
}

/// The notification centre. All of it happens on the main thread.
pub(super) struct Center {
    app: AppHandle,
    presses: mpsc::Sender<Press>,
    /// Outside a bundle the framework ends the program.
    bundled: bool,
}

impl Center {
    /// Asks nobody yet.
    pub(super) fn start(app: AppHandle, presses: mpsc::Sender<Press>) -> Self {
        let bundled = NSBundle::mainBundle().bundleIdentifier().is_some();
        if !bundled {
            tracing::warn!(
                "not started from its bundle, so no notifications; the ringing window and the sound \
                 still tell of calls"
            );
        }
        Self { app, presses, bundled }
    }

    fn on_main_thread(&self, act: impl FnOnce(&UNUserNotificationCenter) + Send + 'static) {
        if !self.bundled {
            return;
        }
        let presses = self.presses.clone();
        let done = self.app.run_on_main_thread(move || {
            let center = UNUserNotificationCenter::currentNotificationCenter();
            DELEGATE.with(|kept| {
                kept.get_or_init(|| {
                    let delegate = Delegate::new(presses);
                    center.setDelegate(Some(ProtocolObject::from_ref(&*delegate)));
                    ask(&center);
                    delegate
                });
            });
            act(&center);
        });
        if let Err(error) = done {
            tracing::debug!(%error, "a notification was not carried out");
        }
    }
}

impl Notifier for Center {
    fn show(&mut self, key: Key, note: Note) {
        self.on_main_thread(move |center| {
            center.setNotificationCategories(&categories(&note));
            let content = UNMutableNotificationContent::new();
            content.setTitle(&NSString::from_str(&note.title));
            content.setBody(&NSString::from_str(&note.body));
            content.setCategoryIdentifier(&NSString::from_str(if note.rings { CALL } else { NEWS }));
            if note.rings {
                content.setInterruptionLevel(UNNotificationInterruptionLevel::TimeSensitive);
            }
            let request = UNNotificationRequest::requestWithIdentifier_content_trigger(
                &NSString::from_str(&written(key)),
                &content,
                None,
            );
            let shown = RcBlock::new(|error: *mut NSError| {
                if !error.is_null() {
                    tracing::warn!(
                        "macOS shows no notification, perhaps because the person allows none in the \
                         system settings; the ringing window and the sound still tell of calls"
                    );
                }
            });
            center.addNotificationRequest_withCompletionHandler(&request, Some(&shown));
        });
    }

    fn clear(&mut self, key: Key) {
        self.on_main_thread(move |center| {
            let names = NSArray::from_retained_slice(&[NSString::from_str(&written(key))]);
            center.removePendingNotificationRequestsWithIdentifiers(&names);
            center.removeDeliveredNotificationsWithIdentifiers(&names);
        });
    }
}

/// Asks the person; macOS does so once.
fn ask(center: &UNUserNotificationCenter) {
    let answered = RcBlock::new(|allowed: Bool, _: *mut NSError| {
        if !allowed.as_bool() {
            tracing::info!("the person wants no notifications; the ringing window still rings");
        }
    });
    center.requestAuthorizationWithOptions_completionHandler(
        UNAuthorizationOptions::Alert,
        &answered,
    );
}

/// What a call and other news can be answered with, in the words of this notification.
fn categories(note: &Note) -> Retained<NSSet<UNNotificationCategory>> {
    let actions: Vec<_> = note
        .buttons
        .iter()
        .filter_map(|(button, words)| {
            let options = match button {
                // A press on the notification itself.
                Button::Open => return None,
                Button::Accept => UNNotificationActionOptions::Foreground,
                Button::Decline => UNNotificationActionOptions::Destructive,
            };
            Some(UNNotificationAction::actionWithIdentifier_title_options(
                &NSString::from_str(said(*button)),
                &NSString::from_str(words),
                options,
            ))
        })
        .collect();
    let category = |name: &str, actions: &NSArray<UNNotificationAction>| {
        UNNotificationCategory::categoryWithIdentifier_actions_intentIdentifiers_options(
            &NSString::from_str(name),
            actions,
            &NSArray::new(),
            UNNotificationCategoryOptions::empty(),
        )
    };
    // Those of a call stay known when other news come while it rings.
    thread_local! {
        static ACTIONS: std::cell::RefCell<Vec<Retained<UNNotificationAction>>> =
            const { std::cell::RefCell::new(Vec::new()) };
    }
    ACTIONS.with_borrow_mut(|kept| {
        if note.rings {
            *kept = actions;
        }
        NSSet::from_retained_slice(&[
            category(CALL, &NSArray::from_retained_slice(kept)),
            category(NEWS, &NSArray::new()),
        ])
    })
}

const fn said(button: Button) -> &'static str {
    match button {
        Button::Open => "open",
        Button::Accept => "accept",
        Button::Decline => "decline",
    }
}

fn written(key: Key) -> String {
    match key {
        Key::Ring(call) => format!("ring/{call}"),
        Key::Conversation(conversation) => format!("conversation/{conversation}"),
    }
}

fn read(name: &str) -> Option<Key> {
    let (kind, id) = name.split_once('/')?;
    match kind {
        "ring" => id.parse().ok().map(Key::Ring),
        "conversation" => id.parse().ok().map(Key::Conversation),
        _ => None,
    }
}

define_class!(
    // SAFETY: NSObject may be subclassed by anybody, and this one has no Drop of its own.
    #[unsafe(super(NSObject))]
    #[ivars = mpsc::Sender<Press>]
    struct Delegate;

    unsafe impl NSObjectProtocol for Delegate {}

    unsafe impl UNUserNotificationCenterDelegate for Delegate {
        #[unsafe(method(userNotificationCenter:willPresentNotification:withCompletionHandler:))]
        fn will_present(
            &self,
            _center: &UNUserNotificationCenter,
            _notification: &UNNotification,
            present: &DynBlock<dyn Fn(UNNotificationPresentationOptions)>,
        ) {
            // Also while another window of ours is in front: the machine decided that it is wanted.
            let options = UNNotificationPresentationOptions::Banner
                | UNNotificationPresentationOptions::List;
            present.call((options,));
        }

        #[unsafe(method(userNotificationCenter:didReceiveNotificationResponse:withCompletionHandler:))]
        fn did_receive(
            &self,
            _center: &UNUserNotificationCenter,
            response: &UNNotificationResponse,
            done: &DynBlock<dyn Fn()>,
        ) {
            let pressed = response.actionIdentifier();
            // SAFETY: a constant of the framework.
            let opened = *pressed == *unsafe { UNNotificationDefaultActionIdentifier };
            let button = match &*pressed.to_string() {
                _ if opened => Some(Button::Open),
                "accept" => Some(Button::Accept),
                "decline" => Some(Button::Decline),
                _ => None,
            };
            let key = read(&response.notification().request().identifier().to_string());
            if let Some(press) = key.zip(button) {
                // Fails only while the app ends.
                let _ = self.ivars().try_send(press);
            }
            done.call(());
        }
    }
);

impl Delegate {
    fn new(presses: mpsc::Sender<Press>) -> Retained<Self> {
        let this = Self::alloc().set_ivars(presses);
        // SAFETY: NSObject's initialiser takes nothing.
        unsafe { msg_send![super(this), init] }
    }
}
