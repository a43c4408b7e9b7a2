// Troubles: what to do first, then what happened, then what is safe.

export const trouble = {
  "error.wrong-password": "Nama atau kata sandi salah. Periksa lalu coba lagi.",
  "error.slow-down": "Terlalu banyak percobaan. Tunggu sebentar, lalu coba lagi.",
  "error.seat-taken": "Meja ini sedang dipakai orang lain. Pakai meja lain atau minta ia keluar.",
  "error.no-such-seat": "Meja itu tidak ada di pusat data. Periksa penulisan nama meja.",
  "error.not-allowed": "Anda tidak terdaftar untuk meja ini. Hubungi penyelia.",
  "error.not-logged-in": "Sesi berakhir. Masuk lagi; panggilan dan isian aman.",
  "error.malformed": "Pusat data tidak mengerti pesan meja ini. Beri tahu TI; isian aman.",
  "error.too-large": "Isian terlalu panjang untuk dikirim. Pendekkan uraian; isian aman.",
  "error.no-such-call": "Panggilan itu sudah berakhir. Isian tersimpan.",
  "error.not-yours": "Panggilan ini sedang ditangani meja lain.",
  "error.not-now": "Belum bisa dilakukan pada keadaan ini. Tidak ada yang berubah.",
  "error.check-silence-first":
    "Periksa dulu saluran hening dengan F4 lalu K. Belum ada yang ditutup.",
  "error.no-such-unit": "Satuan itu tidak dikenal. Pilih tujuan lain.",
  "error.not-found": "Data itu tidak ditemukan.",
  "error.out-of-range": "Ada isian yang melewati batas. Perbaiki lalu coba lagi.",
  "error.not-stored": "Belum tersimpan di pusat data. Dikirim ulang sendiri; isian aman di sini.",
  "error.internal": "Pusat data bermasalah. Panggilan jalan terus; beri tahu TI.",
  "error.unreachable": "Pusat data tidak terjangkau. Dicoba lagi sendiri; isian aman di sini.",
  "error.bad-address": "Alamat pusat data tidak bisa dibaca. Contoh: https://siaga.polda.id",
  "error.phone": "Sambungan suara gagal. Coba sekali lagi; penelepon tetap di sentral.",
  "notice.advisor": "Pemeriksa tidak menjawab. Laporan dianggap sah dan tetap pada Anda.",
  "notice.hub":
    "Teruskan bekerja: pusat data putus sejak {time}. Suara jalan terus; isian disimpan di komputer ini dan dikirim sendiri.",
  "notice.detail": "untuk TI: {detail}",
  "alert.not-recording":
    "Catat yang penting di Uraian: {n} panggilan tidak terekam sejak {time}. Panggilan jalan terus; kabari TI: penyimpan rekaman.",
  "alert.not-recording.none":
    "Catat yang penting di Uraian: rekaman berhenti sejak {time}. Panggilan jalan terus; kabari TI: penyimpan rekaman.",
  "alert.not-storing":
    "Teruskan bekerja, jangan matikan komputer ini: pusat data tidak menyimpan sejak {time}. Isian aman di sini; kabari TI.",
  "alert.not-kept":
    "Teruskan bekerja: isian tetap sampai ke pusat data, tetapi disk komputer ini tidak menyimpan cadangannya. Kabari TI.",
  "alarm.move": "Pindah ke meja lain sekarang",
  "alarm.retrying": "Penyambungan dicoba lagi sendiri. Anda tidak perlu menunggu.",
  "alarm.seat": "Pakai {seat}",
  "alarm.other": "Pakai meja lain yang terhubung",
  "alarm.seat.why": "Masuk dengan nama Anda; laporan Anda ada di sana.",
  "alarm.supervisor": "Tidak ada meja kosong: beri tahu penyelia",
  "alarm.supervisor.why": "Panggilan 110 masuk ke meja lain sampai meja ini kembali.",
  "alarm.cable": "Periksa kabel jaringan di belakang komputer",
  "alarm.cable.why":
    "Lampu hijau mati: pasang ulang. Masih putus: hubungi piket TI dan bacakan keterangan.",
  "alarm.now": "Keadaan sekarang",
  "alarm.switch": "Sentral",
  "alarm.switch.down": "Tidak menjawab",
  "alarm.hub": "Pusat data",
  "alarm.connected": "Terhubung",
  "alarm.cut": "Putus",
  "alarm.safe": "Yang tetap aman",
  "alarm.safe.call": "Tidak ada panggilan yang sedang Anda pegang.",
  "alarm.safe.others": "{n} meja lain tetap bekerja.",
  "alarm.safe.forms": "Semua isian tersimpan.",
  "alarm.copied": "SIAGA {seat}, sentral putus sejak {time}, pusat data {hub}, headset {audio}",
} as const;
