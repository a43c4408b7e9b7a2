//! One host, two streams: the callbacks, and nothing that decides.

use crate::ring::{Feed, RING_MS};
use crate::supervisor::{Direction, Selection};
use crate::{DeviceError, SAMPLE_RATE};
use cpal::traits::{DeviceTrait, HostTrait, StreamTrait};
use cpal::{
    BufferSize, Device, ErrorKind, FromSample, HostId, SampleFormat, SizedSample, Stream,
    StreamConfig, SupportedBufferSize, SupportedStreamConfig,
};
use rtrb::{Consumer, Producer, RingBuffer};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

/// 10 ms at 48 kHz: measured to be the smallest that every host keeps.
pub(crate) const CALLBACK_FRAMES: u32 = 480;

/// For what the host itself can time; the supervisor's watchdog stands behind it.
const BUILD_TIMEOUT: Duration = Duration::from_secs(3);

/// What the callbacks tell; read by the supervisor.
#[derive(Default)]
pub(crate) struct Pulse {
    pub(crate) input_callbacks: AtomicU64,
    pub(crate) output_callbacks: AtomicU64,
    pub(crate) input_lost: AtomicBool,
    pub(crate) output_lost: AtomicBool,
    pub(crate) xruns: AtomicU64,
}

/// A stream that plays. It stops when this is dropped, which may block: drop it where that is allowed.
pub(crate) enum Flow {
    Cpal {
        _stream: Stream,
    },
    #[cfg(target_os = "linux")]
    PulseAudio {
        _stream: crate::pulseaudio::Stream,
    },
}

/// Both directions.
pub(crate) struct Streams {
    _input: Flow,
    _output: Flow,
}

/// What comes with two streams.
pub(crate) struct Opened {
    pub(crate) input: Feed<Consumer<i16>>,
    pub(crate) output: Feed<Producer<i16>>,
    pub(crate) input_name: String,
    pub(crate) output_name: String,
    pub(crate) pulse: Arc<Pulse>,
}

/// The hosts to try, best first (measured: PipeWire is cleanest, ALSA through a server is worst).
pub(crate) fn hosts() -> Vec<HostId> {
    let rank = |id: &HostId| match id.to_string().to_ascii_lowercase().as_str() {
        "pipewire" => 0,
        "pulseaudio" => 1,
        _ => 2,
    };
    let mut hosts: Vec<_> = cpal::ALL_HOSTS.to_vec();
    hosts.sort_by_key(rank);
    hosts
}

/// Opens both directions at one host. Blocks, perhaps for ever: the supervisor watches.
pub(crate) fn open(id: HostId, selection: &Selection) -> Result<(Streams, Opened), DeviceError> {
    // A host of its own for each direction: with PulseAudio one for both starves the playback.
    let input_host = cpal::host_from_id(id).map_err(|_| DeviceError::NoInput)?;
    let output_host = cpal::host_from_id(id).map_err(|_| DeviceError::NoOutput)?;
    let input = pick(&input_host, selection.input.as_deref(), Direction::Input)?;
    let output = pick(&output_host, selection.output.as_deref(), Direction::Output)?;
    let pulse = Arc::new(Pulse::default());
    let (input_flow, input_feed) = record(id, &input, selection.input.is_some(), &pulse)?;
    let (output_flow, output_feed) = play(id, &output, selection.output.is_some(), &pulse)?;
    let opened = Opened {
        input: input_feed,
        output: output_feed,
        input_name: input.to_string(),
        output_name: output.to_string(),
        pulse,
    };
    Ok((Streams { _input: input_flow, _output: output_flow }, opened))
}

/// Opens a loudspeaker alone. Blocks, perhaps for ever.
pub(crate) fn open_output(
    id: HostId,
    name: Option<&str>,
) -> Result<(Flow, Feed<Producer<i16>>), DeviceError> {
    let host = cpal::host_from_id(id).map_err(|_| DeviceError::NoOutput)?;
    let device = pick(&host, name, Direction::Output)?;
    play(id, &device, name.is_some(), &Arc::new(Pulse::default()))
}

/// Starts a microphone; `chosen` by somebody, else the host's default.
#[cfg_attr(
    not(target_os = "linux"),
    expect(unused_variables, reason = "only Linux has a host that is not cpal's")
)]
fn record(
    host: HostId,
    device: &Device,
    chosen: bool,
    pulse: &Arc<Pulse>,
) -> Result<(Flow, Feed<Consumer<i16>>), DeviceError> {
    let told = |error: &cpal::Error| explain(error, device, chosen, Direction::Input);
    #[cfg(target_os = "linux")]
    if host == HostId::PulseAudio {
        let (stream, feed) = crate::pulseaudio::record(known(device, chosen).as_deref(), pulse)
            .map_err(|error| told(&error))?;
        return Ok((Flow::PulseAudio { _stream: stream }, feed));
    }
    let (stream, feed) = build_input(device, pulse).map_err(|error| told(&error))?;
    stream.play().map_err(|error| told(&error))?;
    Ok((Flow::Cpal { _stream: stream }, feed))
}

/// Starts a loudspeaker, as [`record`] does a microphone.
#[cfg_attr(
    not(target_os = "linux"),
    expect(unused_variables, reason = "only Linux has a host that is not cpal's")
)]
fn play(
    host: HostId,
    device: &Device,
    chosen: bool,
    pulse: &Arc<Pulse>,
) -> Result<(Flow, Feed<Producer<i16>>), DeviceError> {
    let told = |error: &cpal::Error| explain(error, device, chosen, Direction::Output);
    #[cfg(target_os = "linux")]
    if host == HostId::PulseAudio {
        let (stream, feed) = crate::pulseaudio::play(known(device, chosen).as_deref(), pulse)
            .map_err(|error| told(&error))?;
        return Ok((Flow::PulseAudio { _stream: stream }, feed));
    }
    let (stream, feed) = build_output(device, pulse).map_err(|error| told(&error))?;
    stream.play().map_err(|error| told(&error))?;
    Ok((Flow::Cpal { _stream: stream }, feed))
}

/// How the sound server knows a device that was chosen. Without a name it gives its default, and the
/// stream follows when that changes.
#[cfg(target_os = "linux")]
fn known(device: &Device, chosen: bool) -> Option<String> {
    let id = device.id().ok()?;
    chosen.then(|| id.id().to_owned())
}

/// Whether `device` is what somebody chose: by the name that is shown, or by its stable id.
pub(crate) fn is_called(device: &Device, name: &str) -> bool {
    device.to_string() == name || device_id(device).is_some_and(|id| id == name)
}

/// The id that stays the same over unplugging, where the host has one.
pub(crate) fn device_id(device: &Device) -> Option<String> {
    device.id().ok().map(|id| id.to_string())
}

/// Whether it is a card, or the default. ALSA lists its plugins as well: converters without a card, a
/// sound server that has a host of its own and may be the one that has just died, and `null`, which
/// gives silence: whoever took that for a headset that works would speak to nobody. A sound server
/// lists what its loudspeakers play as if they were microphones.
pub(crate) fn is_real(device: &Device) -> bool {
    let Ok(id) = device.id() else { return true };
    if id.id().ends_with(".monitor") {
        return false;
    }
    let of_alsa = id.host().to_string().eq_ignore_ascii_case("alsa");
    !of_alsa || id.id().contains("CARD=") || id.id() == "default"
}

fn pick(
    host: &cpal::Host,
    name: Option<&str>,
    direction: Direction,
) -> Result<Device, DeviceError> {
    let nothing = || match direction {
        Direction::Input => DeviceError::NoInput,
        Direction::Output => DeviceError::NoOutput,
    };
    let Some(name) = name else {
        let device = match direction {
            Direction::Input => host.default_input_device(),
            Direction::Output => host.default_output_device(),
        };
        return device.ok_or_else(nothing);
    };
    let mut devices = host.devices().map_err(|_| nothing())?;
    devices
        .find(|device| {
            is_called(device, name)
                && match direction {
                    Direction::Input => device.supports_input(),
                    Direction::Output => device.supports_output(),
                }
        })
        .ok_or_else(|| DeviceError::NotFound { name: name.to_owned() })
}

/// A host's error in our words. The default device of a machine that has none fails in many ways
/// (ALSA names one and then cannot open it); all of them mean that there is none.
fn explain(
    error: &cpal::Error,
    device: &Device,
    chosen: bool,
    direction: Direction,
) -> DeviceError {
    let name = device.to_string();
    tracing::debug!(device = %name, kind = ?error.kind(), %error, "an audio device refused");
    match (error.kind(), chosen, direction) {
        (ErrorKind::DeviceBusy, ..) => DeviceError::Busy { name },
        (ErrorKind::PermissionDenied, ..) => DeviceError::Denied { name },
        (ErrorKind::UnsupportedConfig, ..) => {
            DeviceError::Unusable { name, detail: error.to_string() }
        }
        (_, false, Direction::Input) => DeviceError::NoInput,
        (_, false, Direction::Output) => DeviceError::NoOutput,
        (ErrorKind::DeviceNotAvailable | ErrorKind::HostUnavailable, true, _) => {
            DeviceError::NotFound { name }
        }
        (_, true, _) => DeviceError::Unusable { name, detail: error.to_string() },
    }
}

/// The formats that the callbacks convert, best first.
const FORMATS: [SampleFormat; 5] =
    [SampleFormat::I16, SampleFormat::F32, SampleFormat::I32, SampleFormat::U16, SampleFormat::U8];

/// 48 kHz with the fewest channels in a format that is converted, else the device's own default.
fn configure(
    ranges: impl Iterator<Item = cpal::SupportedStreamConfigRange>,
    default: Result<SupportedStreamConfig, cpal::Error>,
) -> Result<(StreamConfig, SampleFormat), cpal::Error> {
    let rank = |format| FORMATS.iter().position(|&f| f == format);
    let best = ranges
        .filter(|range| rank(range.sample_format()).is_some())
        .filter_map(|range| range.try_with_sample_rate(SAMPLE_RATE))
        .min_by_key(|config| (config.channels(), rank(config.sample_format())));
    let config = match best {
        Some(config) => config,
        None => default?,
    };
    let frames = CALLBACK_FRAMES * config.sample_rate() / SAMPLE_RATE;
    let frames = match *config.buffer_size() {
        SupportedBufferSize::Range { min, max } => frames.clamp(min, max.max(min)),
        SupportedBufferSize::Unknown => frames,
    };
    let stream = StreamConfig {
        channels: config.channels(),
        sample_rate: config.sample_rate(),
        buffer_size: BufferSize::Fixed(frames),
    };
    Ok((stream, config.sample_format()))
}

pub(crate) fn ring(rate: u32) -> (Producer<i16>, Consumer<i16>) {
    RingBuffer::new((rate * RING_MS / 1000) as usize)
}

/// Whether a stream is over. Overruns are counted; a refused priority or a new route is no end.
fn ends(error: &cpal::Error, pulse: &Pulse) -> bool {
    match error.kind() {
        ErrorKind::Xrun => {
            pulse.xruns.fetch_add(1, Ordering::Relaxed);
            false
        }
        ErrorKind::RealtimeDenied | ErrorKind::DeviceChanged => false,
        _ => true,
    }
}

fn build_input(
    device: &Device,
    pulse: &Arc<Pulse>,
) -> Result<(Stream, Feed<Consumer<i16>>), cpal::Error> {
    let (config, format) =
        configure(device.supported_input_configs()?, device.default_input_config())?;
    let (producer, ring) = ring(config.sample_rate);
    let pulse = Arc::clone(pulse);
    let stream = match format {
        SampleFormat::I16 => input::<i16>(device, config, producer, pulse),
        SampleFormat::F32 => input::<f32>(device, config, producer, pulse),
        SampleFormat::I32 => input::<i32>(device, config, producer, pulse),
        SampleFormat::U16 => input::<u16>(device, config, producer, pulse),
        SampleFormat::U8 => input::<u8>(device, config, producer, pulse),
        _ => Err(ErrorKind::UnsupportedConfig.into()),
    }?;
    Ok((stream, Feed { ring, rate: config.sample_rate }))
}

fn input<T: SizedSample>(
    device: &Device,
    config: StreamConfig,
    mut ring: Producer<i16>,
    pulse: Arc<Pulse>,
) -> Result<Stream, cpal::Error>
where
    i16: FromSample<T>,
{
    let channels = usize::from(config.channels.max(1));
    let errors = Arc::clone(&pulse);
    device.build_input_stream::<T, _, _>(
        config,
        move |samples, _| {
            pulse.input_callbacks.fetch_add(1, Ordering::Relaxed);
            for all in samples.chunks_exact(channels) {
                let sum: i32 =
                    all.iter().map(|&s| i32::from(<i16 as FromSample<T>>::from_sample_(s))).sum();
                // Full: the engine stands still; its next pull slips past what it missed.
                let _ = ring.push((sum / channels as i32) as i16);
            }
        },
        move |error| {
            if ends(&error, &errors) {
                errors.input_lost.store(true, Ordering::Relaxed);
            }
        },
        Some(BUILD_TIMEOUT),
    )
}

fn build_output(
    device: &Device,
    pulse: &Arc<Pulse>,
) -> Result<(Stream, Feed<Producer<i16>>), cpal::Error> {
    let (config, format) =
        configure(device.supported_output_configs()?, device.default_output_config())?;
    let (ring, consumer) = ring(config.sample_rate);
    let pulse = Arc::clone(pulse);
    let stream = match format {
        SampleFormat::I16 => output::<i16>(device, config, consumer, pulse),
        SampleFormat::F32 => output::<f32>(device, config, consumer, pulse),
        SampleFormat::I32 => output::<i32>(device, config, consumer, pulse),
        SampleFormat::U16 => output::<u16>(device, config, consumer, pulse),
        SampleFormat::U8 => output::<u8>(device, config, consumer, pulse),
        _ => Err(ErrorKind::UnsupportedConfig.into()),
    }?;
    Ok((stream, Feed { ring, rate: config.sample_rate }))
}

fn output<T: SizedSample + FromSample<i16>>(
    device: &Device,
    config: StreamConfig,
    mut ring: Consumer<i16>,
    pulse: Arc<Pulse>,
) -> Result<Stream, cpal::Error> {
    let channels = usize::from(config.channels.max(1));
    let errors = Arc::clone(&pulse);
    device.build_output_stream::<T, _, _>(
        config,
        move |samples, _| {
            pulse.output_callbacks.fetch_add(1, Ordering::Relaxed);
            for all in samples.chunks_exact_mut(channels) {
                all.fill(T::from_sample_(ring.pop().unwrap_or(0)));
            }
        },
        move |error| {
            if ends(&error, &errors) {
                errors.output_lost.store(true, Ordering::Relaxed);
            }
        },
        Some(BUILD_TIMEOUT),
    )
}
