// What is said about a line that is silent, closing, lost or being called back, and about troubles
// that a whole room must know.

export const line = {
  "bar.disposing.label": "Menutup: {reason}",
  "bar.disposing.hint": "Masih tersambung. Terdengar suara? Batalkan",
  "bar.asking.label": "Kata bahaya",
  "bar.asking.big": "Yakin tutup?",
  "bar.asking.hint": "Tertulis pada laporan yang akan ditutup sebagai {reason}. Masih tersambung",
  "bar.checking": "Memeriksa",
  "bar.checking.hint": "Penelepon diminta menekan tombol atau mengetuk. Dengarkan",
  "bar.silent.hint": "Sudah diperiksa: tidak ada tanda. Boleh ditutup sebagai kosong",
  "bar.signalled.label": "Ada tanda",
  "bar.signalled.key": "Penelepon menekan tombol",
  "bar.signalled.knocks": "Penelepon mengetuk telepon",
  "bar.signalled.hint": "Jangan tutup. Mungkin ia tidak bisa bicara: prioritas P1",
  "bar.rejoining": "Menyambung ulang",
  "bar.rejoining.hint": "Suara diperbarui sendiri. Tidak perlu menekan apa pun",
  "bar.calling-back": "Menelepon balik",
  "bar.calling-back.desk": "Menyiapkan telepon meja ini",
  "bar.calling-back.hint": "Berdering di sana, {seconds} detik lagi",
  "bar.closing-later": "Ditutup saat pusat data kembali. Masih tersambung",
  "bar.not-recording": "Tidak merekam",

  "seat.disposing": "Menutup",
  "seat.calling-back": "Sibuk: menelepon",
  "strip.call-backs": "Telepon balik",
  "health.hub.since": "Pusat data putus {time}",
  "health.not-recording": "Tidak merekam",
  "health.not-storing": "Tidak menyimpan",
  "health.not-kept": "Disk komputer ini",

  "action.undo-disposal": "Batalkan",
  "action.close-now": "Tutup sekarang",
  "action.change-kind": "Ganti jenis",
  "action.go-back": "Kembali ke laporan",
  "action.mean-it": "Tetap tutup",
  "action.call-back": "Telepon",
  "action.call-back.first": "Telepon balik",
  "action.give-up": "Berhenti menelepon",

  "silence.running": "Memeriksa saluran",
  "silence.hears": "Penelepon mendengar",
  "silence.prompt":
    "“Jika Anda tidak dapat berbicara, tekan tombol apa saja, atau ketuk telepon dua kali.”",
  "silence.listen":
    "Terdengar tangis, bentakan, atau bisikan: jangan tutup, lanjutkan sebagai laporan.",
  "silence.silent": "Tidak ada tanda",
  "silence.silent.at": "Diperiksa sampai {time}. Tidak ada tombol, tidak ada ketukan.",
  "silence.silent.next": "Menutup sebagai kosong:",
  "silence.key": "Menekan tombol {time}",
  "silence.knocks": "Mengetuk telepon {time}",
  "silence.stay": "Jangan tutup. Prioritas P1.",
  "silence.say": "Katakan pelan:",
  "silence.say.text":
    "“Saya mendengar Anda. Tekan satu kali untuk ya, dua kali untuk tidak. Apakah Anda dalam bahaya?”",
  "silence.next":
    "Lalu tanyakan tempatnya dengan pertanyaan ya atau tidak. Alihkan bila lokasi sudah diketahui.",

  "disposal.silent.first": "Kosong: periksa dulu",
  "disposal.silent.first.hint":
    "Penelepon diminta menekan tombol atau mengetuk. Sesudah itu baru boleh ditutup",
  "disposal.silent.running.hint": "Sedang diperiksa, {seconds} detik lagi. Dengarkan",
  "disposal.silent.signalled.hint": "Tidak bisa: penelepon memberi tanda. Lanjutkan sebagai P1",
  "disposal.silent.gone.hint":
    "Tidak sempat diperiksa: belum tentu kosong. Simpan supaya ditelepon balik",
  "disposal.suggest.quiet": "Saran: {seconds} detik hening",
  "disposal.suggest.checked": "Saran: tidak ada tanda",
  "disposal.suggest.short": "Saran: putus dalam {seconds} detik",
  "disposal.foot.undo": "membatalkan. Suara tetap tersambung selama 3 detik itu.",

  "callback.last": "Menelepon {time}",
  "callback.often": "Menelepon {n} kali, {first} sampai {last}",
  "callback.untried": "belum dicoba",
  "callback.attempts": "{n} kali dicoba, tidak diangkat",
  "callback.nothing": "Belum ada yang tertulis",
  "callback.calling": "{seat} sedang menelepon",
  "callback.withheld": "Tidak bisa ditelepon",
  "callback.never.why": "Menelepon bisa membahayakan penelepon.",
  "callback.settle": "Selesai tanpa telepon",

  "settle.title": "Selesaikan tanpa menelepon",
  "settle.reason": "Alasan, paling sedikit 3 huruf",
  "settle.submit": "Hapus dari daftar",
  "settle.handled": "Sudah ditangani satuan lain",
  "settle.called": "Penelepon sudah menghubungi lagi",
  "settle.unreachable": "Sudah berkali-kali, tidak tersambung",

  "lost.with": "Panggilan Anda diteruskan ke {seat}",
  "lost.waiting": "Panggilan Anda menunggu petugas berikut",
  "lost.over": "Panggilan Anda tadi sudah selesai",
  "lost.because": "Pukul {time} {cause}.",
  "lost.cause.hung-up": "telepon meja ini tertutup",
  "lost.cause.released": "sambungan meja ini dilepas pusat data",
  "lost.cause.busy": "telepon meja ini sibuk",
  "lost.cause.declined": "meja ini tidak dapat menerima",
  "lost.cause.unregistered": "meja ini tidak terhubung",
  "lost.cause.no-answer": "telepon meja ini tidak diangkat",
  "lost.cause.media-lost": "suara dari meja ini terputus",
  "lost.cause.failed": "sambungan suara meja ini gagal",
  "lost.safe": "Penelepon tidak ditinggal sendiri, dan isian Anda ikut pindah.",
  "lost.safe.over": "Isian Anda tersimpan.",
  "lost.next": "Bila suara sudah kembali, nyatakan siap.",

  "alert.not-recording":
    "Catat yang penting di Uraian: {n} panggilan tidak terekam sejak {time}. Panggilan jalan terus; kabari TI: penyimpan rekaman.",
  "alert.not-recording.none":
    "Catat yang penting di Uraian: rekaman berhenti sejak {time}. Panggilan jalan terus; kabari TI: penyimpan rekaman.",
  "alert.not-storing":
    "Teruskan bekerja, jangan matikan komputer ini: pusat data tidak menyimpan sejak {time}. Isian aman di sini; kabari TI.",
  "alert.not-kept":
    "Teruskan bekerja: isian tetap sampai ke pusat data, tetapi disk komputer ini tidak menyimpan cadangannya. Kabari TI.",
  "kept.title": "Isian Anda yang tidak masuk laporan",
  "kept.why": "Diketik sampai {time}, ketika laporannya sudah dipegang meja lain atau selesai.",
  "kept.drop": "Sudah dibaca, singkirkan",
  "list.as-of": "per {time}",
} as const;
