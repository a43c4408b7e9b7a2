//! WAV files of the tests: 16-bit mono.

use std::path::Path;

/// Writes mono samples.
///
/// # Errors
/// When the file cannot be written.
pub fn write(path: impl AsRef<Path>, samples: &[i16], rate: u32) -> Result<(), hound::Error> {
    let spec = hound::WavSpec {
        channels: 1,
        sample_rate: rate,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut writer = hound::WavWriter::create(path, spec)?;
    for &sample in samples {
        writer.write_sample(sample)?;
    }
    writer.finalize()
}

/// Reads 16-bit samples and their rate; of several channels the first.
///
/// # Errors
/// When the file cannot be read as 16-bit sound.
pub fn read(path: impl AsRef<Path>) -> Result<(Vec<i16>, u32), hound::Error> {
    let mut reader = hound::WavReader::open(path)?;
    let spec = reader.spec();
    let samples: Result<Vec<i16>, _> = reader.samples::<i16>().collect();
    let channels = usize::from(spec.channels.max(1));
    Ok((samples?.into_iter().step_by(channels).collect(), spec.sample_rate))
}
